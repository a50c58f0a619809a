// The lexical side of JSON as automaton rules: strings, numbers, literals, values without a schema.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/grammar_automaton.h"

namespace hearth::llm {

/// Integers are written with at most 18 digits, so that each fits 64 bits.
constexpr std::int64_t kMaxGrammarInteger = 999'999'999'999'999'999;

/// Adds rules to an automaton, each kind once.
class JsonRules {
  public:
    explicit JsonRules(Automaton& automaton) : a_(automaton) {}

    RuleId any_string();
    /// Length in code points; the caller has bounded both.
    RuleId sized_string(std::size_t least, std::optional<std::size_t> most);
    /// Any string but `names`, for keys of undeclared properties. `names` are what the keys mean, not their spelling.
    RuleId string_except(const std::vector<std::string>& names);
    RuleId number();
    RuleId integer(std::int64_t low, std::int64_t high);
    RuleId word(std::string_view text);  ///< true, false, null

    RuleId any_value() { return any_value(kAnyNesting); }
    RuleId any_object() { return any_object(kAnyNesting); }
    RuleId any_array() { return any_array(kAnyNesting); }

    /// ':' or ',' and at most one space; returns the node behind.
    NodeId separator(NodeId from, char mark);

  private:
    static constexpr int kAnyNesting = 16;
    using Levels = std::array<std::optional<RuleId>, kAnyNesting + 1>;

    RuleId any_value(int levels);
    RuleId any_object(int levels);
    RuleId any_array(int levels);
    void code_point(NodeId from, NodeId to);
    void escape(NodeId from, NodeId to);
    NodeId string_body(NodeId end);
    RuleId character();
    void digits(NodeId from, int least, int most, NodeId to);
    void digit_range(NodeId from, std::string_view low, std::string_view high, NodeId to);
    void magnitudes(NodeId from, std::int64_t low, std::int64_t high, NodeId to);

    Automaton& a_;
    std::optional<RuleId> string_;
    std::optional<RuleId> character_;
    std::optional<RuleId> number_;
    std::map<std::pair<std::size_t, std::optional<std::size_t>>, RuleId> sized_strings_;
    std::map<std::pair<std::int64_t, std::int64_t>, RuleId> integers_;
    std::map<std::string, RuleId, std::less<>> words_;
    Levels values_;
    Levels objects_;
    Levels arrays_;
};

}  // namespace hearth::llm
