// A byte-level pushdown automaton: rules are small graphs over bytes that may call each other. What a schema compiles
// to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/grammar.h"

namespace hearth::llm {

using NodeId = std::uint32_t;
using RuleId = std::uint32_t;

/// Levels of nested containers that any text of a grammar may have; core's JSON reader takes 64.
constexpr int kMaxNesting = 48;

class Automaton {
  public:
    enum class EdgeKind : std::uint8_t { kBytes, kEpsilon, kCall };
    struct Edge {
        EdgeKind kind = EdgeKind::kEpsilon;
        std::uint8_t low = 0;  ///< kBytes: inclusive range
        std::uint8_t high = 0;
        RuleId rule = 0;  ///< kCall: walks this rule, then goes on at `target`
        NodeId target = 0;
    };
    struct Node {
        std::vector<Edge> edges;
        bool returns = false;  ///< the rule may end here
        int need = 0;          ///< after seal(): levels of containers that the way to the rule's end opens at least
    };
    struct Rule {
        NodeId start = 0;
        bool container = false;  ///< counts as a level of nesting
    };

    NodeId add_node();
    RuleId add_rule(bool container = false);

    void bytes(NodeId from, std::uint8_t low, std::uint8_t high, NodeId to);
    void byte(NodeId from, char value, NodeId to);
    void epsilon(NodeId from, NodeId to);
    void call(NodeId from, RuleId rule, NodeId to);
    /// Returns the node behind the text.
    NodeId literal(NodeId from, std::string_view text);
    void finish(NodeId node) { nodes_[node].returns = true; }
    void set_root(RuleId rule) { root_ = rule; }

    /// True when the limit of nodes or edges was reached: builders stop early, seal() reports.
    bool full() const { return nodes_.size() >= kMaxNodes || edge_count_ >= kMaxEdges; }
    std::size_t rule_count() const { return rules_.size(); }

    /// Removes what cannot end and refuses what cannot be walked: rules that call themselves before any byte
    /// (kInvalidArgument), a root that no finite text satisfies (kInvalidArgument), too large (kResourceExhausted).
    Status seal();

    const Node& node(NodeId id) const { return nodes_[id]; }
    const Rule& rule(RuleId id) const { return rules_[id]; }
    RuleId root() const { return root_; }

  private:
    static constexpr std::size_t kMaxNodes = 200'000;
    static constexpr std::size_t kMaxEdges = 2'000'000;  // of 12 bytes
    static constexpr int kNever = 1 << 20;

    void add_edge(NodeId from, const Edge& edge);
    bool calls_itself_first(RuleId rule, std::vector<std::uint8_t>& colour) const;
    std::vector<RuleId> first_calls(RuleId rule) const;
    int need_over(const Edge& edge) const;
    void compute_needs();

    std::vector<Node> nodes_;
    std::vector<Rule> rules_;
    std::size_t edge_count_ = 0;
    RuleId root_ = 0;
};

/// The one kind of Grammar there is.
class CompiledGrammar final : public Grammar {
  public:
    explicit CompiledGrammar(Automaton automaton) : automaton_(std::move(automaton)) {}
    const Automaton& automaton() const { return automaton_; }

  private:
    Automaton automaton_;
};

}  // namespace hearth::llm
