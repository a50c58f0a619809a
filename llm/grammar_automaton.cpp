#include "llm/grammar_automaton.h"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>

namespace hearth::llm {

NodeId Automaton::add_node() {
    // A full automaton keeps handing out its last node: seal() refuses it, so what the node means no longer matters.
    if (!full()) nodes_.emplace_back();
    return static_cast<NodeId>(nodes_.size() - 1);
}

RuleId Automaton::add_rule(bool container) {
    rules_.push_back({add_node(), container});
    return static_cast<RuleId>(rules_.size() - 1);
}

void Automaton::add_edge(NodeId from, const Edge& edge) {
    if (full()) return;
    nodes_[from].edges.push_back(edge);
    ++edge_count_;
}

void Automaton::bytes(NodeId from, std::uint8_t low, std::uint8_t high, NodeId to) {
    add_edge(from, {EdgeKind::kBytes, low, high, 0, to});
}

void Automaton::byte(NodeId from, char value, NodeId to) {
    const auto b = static_cast<std::uint8_t>(value);
    bytes(from, b, b, to);
}

void Automaton::epsilon(NodeId from, NodeId to) {
    add_edge(from, {EdgeKind::kEpsilon, 0, 0, 0, to});
}

void Automaton::call(NodeId from, RuleId rule, NodeId to) {
    add_edge(from, {EdgeKind::kCall, 0, 0, rule, to});
}

NodeId Automaton::literal(NodeId from, std::string_view text) {
    for (const char c : text) {
        const NodeId next = add_node();
        byte(from, c, next);
        from = next;
    }
    return from;
}

std::vector<RuleId> Automaton::first_calls(RuleId rule) const {
    std::vector<NodeId> pending{rules_[rule].start};
    std::unordered_set<NodeId> seen{rules_[rule].start};
    std::vector<RuleId> calls;
    while (!pending.empty()) {
        const NodeId id = pending.back();
        pending.pop_back();
        for (const Edge& edge : nodes_[id].edges) {
            if (edge.kind == EdgeKind::kCall) calls.push_back(edge.rule);
            if (edge.kind == EdgeKind::kEpsilon && seen.insert(edge.target).second) pending.push_back(edge.target);
        }
    }
    return calls;
}

bool Automaton::calls_itself_first(RuleId rule, std::vector<std::uint8_t>& colour) const {
    constexpr std::uint8_t kOpen = 1;
    constexpr std::uint8_t kDone = 2;
    if (colour[rule] == kOpen) return true;
    if (colour[rule] == kDone) return false;
    colour[rule] = kOpen;
    for (const RuleId next : first_calls(rule))
        if (calls_itself_first(next, colour)) return true;
    colour[rule] = kDone;
    return false;
}

int Automaton::need_over(const Edge& edge) const {
    const int after = nodes_[edge.target].need;
    if (edge.kind != EdgeKind::kCall) return after;
    const Rule& callee = rules_[edge.rule];
    return std::max(after, std::min(kNever, nodes_[callee.start].need + (callee.container ? 1 : 0)));
}

// Least fixpoint from above: a node's need is the least over its edges, so a change only travels against the edges.
void Automaton::compute_needs() {
    std::vector<std::vector<NodeId>> users(nodes_.size());
    std::deque<NodeId> changed;
    for (NodeId id = 0; id < nodes_.size(); ++id) {
        nodes_[id].need = nodes_[id].returns ? 0 : kNever;
        if (nodes_[id].returns) changed.push_back(id);
        for (const Edge& edge : nodes_[id].edges) {
            users[edge.target].push_back(id);
            if (edge.kind == EdgeKind::kCall) users[rules_[edge.rule].start].push_back(id);
        }
    }
    while (!changed.empty()) {
        const NodeId id = changed.front();
        changed.pop_front();
        for (const NodeId user : users[id]) {
            Node& node = nodes_[user];
            if (node.need <= nodes_[id].need) continue;  // no way over `id` needs less than `id` itself
            int best = node.need;
            for (const Edge& edge : node.edges) best = std::min(best, need_over(edge));
            if (best == node.need) continue;
            node.need = best;
            changed.push_back(user);
        }
    }
}

Status Automaton::seal() {
    if (full()) {
        return Error(ErrorCode::kResourceExhausted, "the schema expands to more than " + std::to_string(kMaxNodes) +
                                                        " states, or their edges to ten times as many; lower"
                                                        " maxLength and maxItems or split the schema");
    }
    std::vector<std::uint8_t> colour(rules_.size(), 0);
    for (RuleId rule = 0; rule < rules_.size(); ++rule) {
        if (calls_itself_first(rule, colour)) {
            return Error(ErrorCode::kInvalidArgument,
                         "a $ref in the schema leads back to itself without a value between");
        }
    }
    compute_needs();
    const int root_need = nodes_[rules_[root_].start].need + (rules_[root_].container ? 1 : 0);
    if (root_need > kMaxNesting) {
        return Error(ErrorCode::kInvalidArgument,
                     "no value of at most " + std::to_string(kMaxNesting) + " levels can satisfy the schema");
    }
    for (Node& node : nodes_)
        std::erase_if(node.edges, [this](const Edge& edge) { return need_over(edge) > kMaxNesting; });
    return {};
}

}  // namespace hearth::llm
