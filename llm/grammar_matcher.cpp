// The automaton's sets of possible configurations are made deterministic as they are met: a set is a state, and its
// moves are remembered per byte. Walking the vocabulary is then a table look-up per node of the token tree.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/check.h"
#include "llm/grammar_automaton.h"
#include "llm/grammar_trie.h"

namespace hearth::llm {
namespace {

using StateId = std::int32_t;
using StackId = std::uint32_t;

constexpr StateId kDead = -1;
constexpr StateId kUnknown = -2;
constexpr NodeId kAccepted = std::numeric_limits<NodeId>::max();
constexpr StackId kBottom = 0;

// A configuration more than these is dropped. Each that stays can still reach the end, so dropping narrows what may be
// written and never leads astray. Only alternatives that are ambiguous at every level of a recursion get there.
constexpr std::size_t kMaxConfigurations = 1024;
constexpr std::size_t kMaxVisits = 16 * kMaxConfigurations;
// A kilobyte of moves each; beyond, the tables start over from the current state.
constexpr std::size_t kMaxStates = 4096;
constexpr std::size_t kMaxCachedMasks = 32;

/// Where the automaton may be: a node, and the nodes to return to.
struct Configuration {
    NodeId node = 0;
    StackId stack = kBottom;
    auto operator<=>(const Configuration&) const = default;
};
using Configurations = std::vector<Configuration>;

/// Stacks as shared lists: equal stacks have equal ids.
class Stacks {
  public:
    struct Frame {
        NodeId target = 0;
        StackId below = kBottom;
        int depth = 0;  ///< containers open, this frame's included
    };

    Stacks() : frames_(1) {}

    StackId push(StackId below, NodeId target, int levels) {
        const int depth = frames_[below].depth + levels;
        const auto [found, added] = ids_.try_emplace({target, below, depth}, static_cast<StackId>(frames_.size()));
        if (added) frames_.push_back({target, below, depth});
        return found->second;
    }
    const Frame& frame(StackId id) const { return frames_[id]; }
    int depth(StackId id) const { return frames_[id].depth; }

    /// Copies a stack out of another table.
    StackId import(const Stacks& from, StackId id) {
        if (id == kBottom) return kBottom;
        const Frame& frame = from.frame(id);
        const StackId below = import(from, frame.below);
        return push(below, frame.target, frame.depth - from.depth(frame.below));
    }

  private:
    struct Key {
        NodeId target;
        StackId below;
        int depth;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const {
            const std::uint64_t pair = (std::uint64_t{key.target} << 32) | key.below;
            return static_cast<std::size_t>((pair + static_cast<std::uint64_t>(key.depth)) * 0x9E3779B97F4A7C15u);
        }
    };
    std::vector<Frame> frames_;
    std::unordered_map<Key, StackId, Hash> ids_;
};

/// The configurations reachable from some without reading a byte; keeps those that wait for a byte or have accepted.
class Closure {
  public:
    Closure(const Automaton& automaton, Stacks& stacks) : a_(automaton), stacks_(stacks) {}

    void add(NodeId node, StackId stack) {
        visit(node, stack);
        while (!pending_.empty() && seen_.size() < kMaxVisits && found_.size() < kMaxConfigurations) {
            const Configuration at = pending_.back();
            pending_.pop_back();
            expand(at);
        }
        pending_.clear();
    }

    Configurations take() {
        std::sort(found_.begin(), found_.end());
        return std::move(found_);
    }

  private:
    void visit(NodeId node, StackId stack) {
        const Configuration next{node, stack};
        // What it takes to get out must still fit: so no text that was allowed ever runs into the nesting limit.
        if (node != kAccepted && stacks_.depth(stack) + a_.node(node).need > kMaxNesting) return;
        if (seen_.emplace(next, true).second) pending_.push_back(next);
    }

    void expand(const Configuration& at) {
        if (at.node == kAccepted) {
            found_.push_back(at);
            return;
        }
        const Automaton::Node& node = a_.node(at.node);
        bool waits = false;
        for (const Automaton::Edge& edge : node.edges) {
            if (edge.kind == Automaton::EdgeKind::kBytes) {
                waits = true;
            } else if (edge.kind == Automaton::EdgeKind::kEpsilon) {
                visit(edge.target, at.stack);
            } else if (stacks_.depth(at.stack) + a_.node(edge.target).need <= kMaxNesting) {
                const Automaton::Rule& rule = a_.rule(edge.rule);
                visit(rule.start, stacks_.push(at.stack, edge.target, rule.container ? 1 : 0));
            }
        }
        if (waits) found_.push_back(at);
        if (!node.returns) return;
        if (at.stack == kBottom) {
            visit(kAccepted, kBottom);
        } else {
            visit(stacks_.frame(at.stack).target, stacks_.frame(at.stack).below);
        }
    }

    struct Hash {
        std::size_t operator()(const Configuration& c) const {
            return static_cast<std::size_t>(((std::uint64_t{c.node} << 32) | c.stack) * 0x9E3779B97F4A7C15u);
        }
    };
    const Automaton& a_;
    Stacks& stacks_;
    std::unordered_map<Configuration, bool, Hash> seen_;
    Configurations pending_;
    Configurations found_;
};

/// States met so far and the moves between them.
class StateTable {
  public:
    explicit StateTable(const Automaton& automaton) : a_(automaton) {
        Closure closure(a_, stacks_);
        const Automaton::Rule& root = a_.rule(a_.root());
        closure.add(root.start, kBottom);
        start_ = intern(closure.take());
    }

    StateId start() const { return start_; }
    std::size_t size() const { return states_.size(); }
    bool accepts(StateId state) const {
        const Configurations& all = *states_[static_cast<std::size_t>(state)];
        return !all.empty() && all.back().node == kAccepted;
    }

    StateId step(StateId state, std::uint8_t byte) {
        const StateId known = moves_[static_cast<std::size_t>(state)][byte];
        return known != kUnknown ? known : compute(state, byte);
    }

    /// Forgets everything but `state`; returns its new id.
    StateId restart(StateId state) {
        const Configurations old = *states_[static_cast<std::size_t>(state)];
        const Stacks old_stacks = std::exchange(stacks_, Stacks());
        ids_.clear();
        states_.clear();
        moves_.clear();
        Configurations kept;
        for (const Configuration& c : old) kept.push_back({c.node, stacks_.import(old_stacks, c.stack)});
        std::sort(kept.begin(), kept.end());
        return intern(std::move(kept));
    }

  private:
    StateId compute(StateId state, std::uint8_t byte) {
        Closure closure(a_, stacks_);
        for (const Configuration& at : *states_[static_cast<std::size_t>(state)]) {
            if (at.node == kAccepted) continue;
            for (const Automaton::Edge& edge : a_.node(at.node).edges) {
                if (edge.kind == Automaton::EdgeKind::kBytes && edge.low <= byte && byte <= edge.high)
                    closure.add(edge.target, at.stack);
            }
        }
        Configurations next = closure.take();
        const StateId target = next.empty() ? kDead : intern(std::move(next));
        moves_[static_cast<std::size_t>(state)][byte] = target;
        return target;
    }

    StateId intern(Configurations configurations) {
        const auto [found, added] = ids_.try_emplace(std::move(configurations), static_cast<StateId>(states_.size()));
        if (added) {
            states_.push_back(&found->first);
            moves_.emplace_back().fill(kUnknown);
        }
        return found->second;
    }

    const Automaton& a_;
    Stacks stacks_;
    std::map<Configurations, StateId> ids_;
    std::vector<const Configurations*> states_;  // the keys of ids_
    std::vector<std::array<StateId, 256>> moves_;
    StateId start_ = 0;
};

class Matcher final : public GrammarMatcher {
  public:
    Matcher(std::shared_ptr<const CompiledGrammar> grammar, std::shared_ptr<const TokenTrie> trie)
        : grammar_(std::move(grammar)),
          trie_(std::move(trie)),
          table_(grammar_->automaton()),
          state_(table_.start()),
          path_(trie_->max_depth() + 1) {}

    void fill_mask(std::vector<std::uint8_t>& mask) override {
        bound_tables();
        if (const auto cached = masks_.find(state_); cached != masks_.end()) {
            mask = cached->second;
            return;
        }
        walk(mask);
        if (masks_.size() >= kMaxCachedMasks) masks_.clear();
        masks_.emplace(state_, mask);
    }

    bool accept(int token) override {
        if (token < 0 || token >= trie_->size()) return false;
        if (trie_->is_end(token)) return complete();
        const std::string_view text = trie_->token_bytes(token);
        return !text.empty() && accept_text(text);
    }

    bool accept_text(std::string_view text) override {
        bound_tables();
        StateId at = state_;
        for (const char c : text) {
            at = table_.step(at, static_cast<std::uint8_t>(c));
            if (at == kDead) return false;
        }
        state_ = at;
        return true;
    }

    bool complete() const override { return table_.accepts(state_); }

  private:
    void walk(std::vector<std::uint8_t>& mask) {
        mask.assign(static_cast<std::size_t>(trie_->size()), 0);
        const std::span<const TokenTrie::Node> nodes = trie_->nodes();
        const std::span<const int> tokens = trie_->token_ids();
        path_[0] = state_;
        for (std::size_t i = 0; i + 1 < nodes.size();) {
            const TokenTrie::Node& node = nodes[i];
            const StateId next = table_.step(path_[node.depth - 1], node.byte);
            if (next == kDead) {
                i = node.skip;
                continue;
            }
            path_[node.depth] = next;
            ++i;
            for (std::uint32_t t = node.tokens; t < nodes[i].tokens; ++t) mask[static_cast<std::size_t>(tokens[t])] = 1;
        }
        for (const int id : trie_->end_tokens()) mask[static_cast<std::size_t>(id)] = complete() ? 1 : 0;
    }

    void bound_tables() {
        if (table_.size() <= kMaxStates) return;
        state_ = table_.restart(state_);
        masks_.clear();
    }

    std::shared_ptr<const CompiledGrammar> grammar_;
    std::shared_ptr<const TokenTrie> trie_;
    StateTable table_;
    StateId state_;
    std::vector<StateId> path_;
    std::unordered_map<StateId, std::vector<std::uint8_t>> masks_;
};

}  // namespace

std::unique_ptr<GrammarMatcher> make_matcher(std::shared_ptr<const Grammar> grammar,
                                             std::shared_ptr<const TokenTrie> trie) {
    HEARTH_CHECK(trie != nullptr);
    auto compiled = std::dynamic_pointer_cast<const CompiledGrammar>(std::move(grammar));
    HEARTH_CHECK(compiled != nullptr);
    return std::make_unique<Matcher>(std::move(compiled), std::move(trie));
}

std::unique_ptr<GrammarMatcher> make_matcher(std::shared_ptr<const Grammar> grammar, const Tokenizer& tokenizer) {
    return make_matcher(std::move(grammar), make_token_trie(tokenizer));
}

}  // namespace hearth::llm
