#include "llm/grammar_json.h"

#include <algorithm>
#include <memory>

namespace hearth::llm {
namespace {

/// A tree of the names that a key must not spell.
struct NameTree {
    std::map<std::uint8_t, std::unique_ptr<NameTree>> children;
    bool is_name = false;

    void insert(std::string_view name) {
        NameTree* at = this;
        for (const char c : name) {
            // Such a character only comes as an escape, which the automaton does not allow before the key has left
            // the tree.
            if (c == '"' || c == '\\' || static_cast<std::uint8_t>(c) < 0x20) return;
            auto& child = at->children[static_cast<std::uint8_t>(c)];
            if (!child) child = std::make_unique<NameTree>();
            at = child.get();
        }
        at->is_name = true;
    }
};

/// `node` is to get the edges of `like`, a node of a free string's body, except where the tree goes on.
struct Shadow {
    NodeId node;
    NodeId like;
    const NameTree* tree;
};

/// One edge of `like`, cut where the tree goes on: a key that spells a name so far may not use escapes (they would
/// spell it otherwise) and may not end on a name.
void shadow_edge(Automaton& a, const Shadow& at, const Automaton::Edge& edge, std::vector<Shadow>& pending) {
    int first = edge.low;
    const auto keep_below = [&](int end) {
        if (first < end)
            a.bytes(at.node, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(end - 1), edge.target);
        first = end + 1;
    };
    for (int b = edge.low; b <= edge.high; ++b) {
        const auto value = static_cast<std::uint8_t>(b);
        const auto child = at.tree->children.find(value);
        const bool forbidden = b == '\\' || (b == '"' && at.tree->is_name);
        if (!forbidden && child == at.tree->children.end()) continue;
        keep_below(b);
        if (forbidden) continue;
        const NodeId next = a.add_node();
        a.bytes(at.node, value, value, next);
        pending.push_back({next, edge.target, child->second.get()});
    }
    keep_below(edge.high + 1);
}

void shadow(Automaton& a, const Shadow& root) {
    std::vector<Shadow> pending{root};
    while (!pending.empty() && !a.full()) {
        const Shadow at = pending.back();
        pending.pop_back();
        const std::vector<Automaton::Edge> edges = a.node(at.like).edges;
        for (const Automaton::Edge& edge : edges) shadow_edge(a, at, edge, pending);
    }
}

void hex(Automaton& a, NodeId from, NodeId to) {
    a.bytes(from, '0', '9', to);
    a.bytes(from, 'a', 'f', to);
    a.bytes(from, 'A', 'F', to);
}

}  // namespace

// RFC 3629 without overlong forms and surrogates; '"', '\\' and control characters are left out.
void JsonRules::code_point(NodeId from, NodeId to) {
    a_.bytes(from, 0x20, 0x21, to);
    a_.bytes(from, 0x23, 0x5B, to);
    a_.bytes(from, 0x5D, 0x7F, to);
    const NodeId one = a_.add_node();
    const NodeId two = a_.add_node();
    const NodeId three = a_.add_node();
    a_.bytes(one, 0x80, 0xBF, to);
    a_.bytes(two, 0x80, 0xBF, one);
    a_.bytes(three, 0x80, 0xBF, two);
    a_.bytes(from, 0xC2, 0xDF, one);
    a_.bytes(from, 0xE1, 0xEC, two);
    a_.bytes(from, 0xEE, 0xEF, two);
    a_.bytes(from, 0xF1, 0xF3, three);
    const auto narrowed = [&](std::uint8_t lead, std::uint8_t low, std::uint8_t high, NodeId rest) {
        const NodeId second = a_.add_node();
        a_.bytes(from, lead, lead, second);
        a_.bytes(second, low, high, rest);
    };
    narrowed(0xE0, 0xA0, 0xBF, one);
    narrowed(0xED, 0x80, 0x9F, one);
    narrowed(0xF0, 0x90, 0xBF, two);
    narrowed(0xF4, 0x80, 0x8F, two);
    escape(from, to);
}

// A high surrogate must be followed by a low one: the pair is one code point, alone neither is.
void JsonRules::escape(NodeId from, NodeId to) {
    const NodeId backslash = a_.add_node();
    a_.byte(from, '\\', backslash);
    for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) a_.byte(backslash, c, to);
    const NodeId u = a_.add_node();
    const NodeId last1 = a_.add_node();
    const NodeId last2 = a_.add_node();
    const NodeId last3 = a_.add_node();
    hex(a_, last1, to);
    hex(a_, last2, last1);
    hex(a_, last3, last2);
    a_.byte(backslash, 'u', u);
    a_.bytes(u, '0', '9', last3);
    for (const char base : {'a', 'A'}) {
        const auto b = static_cast<std::uint8_t>(base);
        a_.bytes(u, b, b + 2, last3);
        a_.bytes(u, b + 4, b + 5, last3);
    }
    const NodeId d = a_.add_node();
    const NodeId high1 = a_.add_node();
    const NodeId high2 = a_.add_node();
    const NodeId high3 = a_.add_node();
    const NodeId low = a_.add_node();
    const NodeId low_d = a_.add_node();
    a_.byte(u, 'd', d);
    a_.byte(u, 'D', d);
    a_.bytes(d, '0', '7', last2);
    a_.bytes(d, '8', '9', high1);
    a_.bytes(d, 'a', 'b', high1);
    a_.bytes(d, 'A', 'B', high1);
    hex(a_, high1, high2);
    hex(a_, high2, high3);
    a_.byte(a_.literal(high3, "\\"), 'u', low);
    a_.byte(low, 'd', low_d);
    a_.byte(low, 'D', low_d);
    a_.bytes(low_d, 'c', 'f', last2);
    a_.bytes(low_d, 'C', 'F', last2);
}

NodeId JsonRules::string_body(NodeId end) {
    const NodeId body = a_.add_node();
    code_point(body, body);
    a_.byte(body, '"', end);
    return body;
}

RuleId JsonRules::any_string() {
    if (string_) return *string_;
    string_ = a_.add_rule();
    const NodeId end = a_.add_node();
    a_.finish(end);
    a_.byte(a_.rule(*string_).start, '"', string_body(end));
    return *string_;
}

RuleId JsonRules::character() {
    if (character_) return *character_;
    character_ = a_.add_rule();
    const NodeId end = a_.add_node();
    a_.finish(end);
    code_point(a_.rule(*character_).start, end);
    return *character_;
}

RuleId JsonRules::sized_string(std::size_t least, std::optional<std::size_t> most) {
    if (least == 0 && !most) return any_string();
    const auto key = std::make_pair(least, most);
    if (const auto found = sized_strings_.find(key); found != sized_strings_.end()) return found->second;
    const RuleId rule = a_.add_rule();
    const NodeId end = a_.add_node();
    a_.finish(end);
    NodeId at = a_.literal(a_.rule(rule).start, "\"");
    const std::size_t steps = most ? *most : least;
    for (std::size_t count = 0; count < steps && !a_.full(); ++count) {
        if (count >= least) a_.byte(at, '"', end);
        const NodeId next = a_.add_node();
        a_.call(at, character(), next);
        at = next;
    }
    if (!most) {
        a_.epsilon(at, string_body(end));
    } else if (least <= *most) {
        a_.byte(at, '"', end);
    }
    sized_strings_.emplace(key, rule);
    return rule;
}

RuleId JsonRules::string_except(const std::vector<std::string>& names) {
    if (names.empty()) return any_string();
    NameTree tree;
    for (const std::string& name : names) tree.insert(name);
    const RuleId rule = a_.add_rule();
    const NodeId end = a_.add_node();
    a_.finish(end);
    const NodeId body = string_body(end);
    const NodeId first = a_.literal(a_.rule(rule).start, "\"");
    shadow(a_, {first, body, &tree});
    return rule;
}

void JsonRules::digits(NodeId from, int least, int most, NodeId to) {
    for (int count = 1; count <= most; ++count) {
        const NodeId next = a_.add_node();
        a_.bytes(from, '0', '9', next);
        if (count >= least) a_.epsilon(next, to);
        from = next;
    }
}

RuleId JsonRules::number() {
    if (number_) return *number_;
    number_ = a_.add_rule();
    const NodeId sign = a_.rule(*number_).start;
    const NodeId whole = a_.add_node();
    const NodeId after_whole = a_.add_node();
    const NodeId more = a_.add_node();
    a_.byte(sign, '-', whole);
    a_.epsilon(sign, whole);
    a_.byte(whole, '0', after_whole);
    a_.bytes(whole, '1', '9', more);
    a_.epsilon(more, after_whole);
    digits(more, 1, 17, after_whole);
    const NodeId after_fraction = a_.add_node();
    digits(a_.literal(after_whole, "."), 1, 18, after_fraction);
    a_.epsilon(after_whole, after_fraction);
    const NodeId exponent = a_.add_node();
    const NodeId exponent_digits = a_.add_node();
    const NodeId end = a_.add_node();
    a_.byte(after_fraction, 'e', exponent);
    a_.byte(after_fraction, 'E', exponent);
    a_.byte(exponent, '+', exponent_digits);
    a_.byte(exponent, '-', exponent_digits);
    a_.epsilon(exponent, exponent_digits);
    digits(exponent_digits, 1, 2, end);
    a_.epsilon(after_fraction, end);
    a_.finish(end);
    return *number_;
}

/// All digit strings between two of the same length, in the order of their values.
void JsonRules::digit_range(NodeId from, std::string_view low, std::string_view high, NodeId to) {
    const auto first = static_cast<std::uint8_t>(low[0]);
    const auto last = static_cast<std::uint8_t>(high[0]);
    const int rest = static_cast<int>(low.size()) - 1;
    if (rest == 0) return a_.bytes(from, first, last, to);
    // Without this the two edges of a range would each split again at every digit.
    const bool open_below = low.find_first_not_of('0') == std::string_view::npos;
    const bool open_above = high.find_first_not_of('9') == std::string_view::npos;
    if (open_below && open_above) return digits(from, rest + 1, rest + 1, to);
    const NodeId below = a_.add_node();
    a_.bytes(from, first, first, below);
    if (first == last) return digit_range(below, low.substr(1), high.substr(1), to);
    digit_range(below, low.substr(1), std::string(static_cast<std::size_t>(rest), '9'), to);
    const NodeId above = a_.add_node();
    a_.bytes(from, last, last, above);
    digit_range(above, std::string(static_cast<std::size_t>(rest), '0'), high.substr(1), to);
    if (last - first < 2) return;
    const NodeId between = a_.add_node();
    a_.bytes(from, first + 1, last - 1, between);
    digits(between, rest, rest, to);
}

void JsonRules::magnitudes(NodeId from, std::int64_t low, std::int64_t high, NodeId to) {
    std::int64_t least = 0;  // of this many digits
    for (std::int64_t power = 10; least <= high; power *= 10) {
        const std::int64_t l = std::max(low, least);
        const std::int64_t h = std::min(high, power - 1);
        if (l <= h) digit_range(from, std::to_string(l), std::to_string(h), to);
        if (power > kMaxGrammarInteger) break;
        least = power;
    }
}

RuleId JsonRules::integer(std::int64_t low, std::int64_t high) {
    low = std::clamp(low, -kMaxGrammarInteger, kMaxGrammarInteger + 1);
    high = std::clamp(high, -kMaxGrammarInteger - 1, kMaxGrammarInteger);
    const auto key = std::make_pair(low, high);
    if (const auto found = integers_.find(key); found != integers_.end()) return found->second;
    const RuleId rule = a_.add_rule();
    const NodeId start = a_.rule(rule).start;
    const NodeId end = a_.add_node();
    a_.finish(end);
    if (low < 0) {
        const NodeId minus = a_.literal(start, "-");
        magnitudes(minus, std::max<std::int64_t>(1, -high), -low, end);
    }
    if (high >= 0) magnitudes(start, std::max<std::int64_t>(0, low), high, end);
    integers_.emplace(key, rule);
    return rule;
}

RuleId JsonRules::word(std::string_view text) {
    if (const auto found = words_.find(text); found != words_.end()) return found->second;
    const RuleId rule = a_.add_rule();
    a_.finish(a_.literal(a_.rule(rule).start, text));
    words_.emplace(text, rule);
    return rule;
}

NodeId JsonRules::separator(NodeId from, char mark) {
    const NodeId marked = a_.add_node();
    const NodeId after = a_.add_node();
    a_.byte(from, mark, marked);
    a_.byte(marked, ' ', after);
    a_.epsilon(marked, after);
    return after;
}

RuleId JsonRules::any_value(int levels) {
    auto& known = values_[static_cast<std::size_t>(levels)];
    if (known) return *known;
    known = a_.add_rule();
    const RuleId rule = *known;
    const NodeId start = a_.rule(rule).start;
    const NodeId end = a_.add_node();
    a_.finish(end);
    for (const char* text : {"true", "false", "null"}) a_.call(start, word(text), end);
    a_.call(start, any_string(), end);
    a_.call(start, number(), end);
    if (levels == 0) return rule;
    a_.call(start, any_object(levels), end);
    a_.call(start, any_array(levels), end);
    return rule;
}

RuleId JsonRules::any_object(int levels) {
    auto& known = objects_[static_cast<std::size_t>(levels)];
    if (known) return *known;
    known = a_.add_rule(true);
    const RuleId rule = *known;
    const NodeId key = a_.add_node();
    const NodeId named = a_.add_node();
    const NodeId done = a_.add_node();
    const NodeId open = a_.literal(a_.rule(rule).start, "{");
    const NodeId end = a_.literal(open, "}");
    a_.finish(end);
    a_.epsilon(open, key);
    a_.call(key, any_string(), named);
    a_.call(separator(named, ':'), any_value(levels - 1), done);
    a_.epsilon(separator(done, ','), key);
    a_.byte(done, '}', end);
    return rule;
}

RuleId JsonRules::any_array(int levels) {
    auto& known = arrays_[static_cast<std::size_t>(levels)];
    if (known) return *known;
    known = a_.add_rule(true);
    const RuleId rule = *known;
    const NodeId item = a_.add_node();
    const NodeId done = a_.add_node();
    const NodeId open = a_.literal(a_.rule(rule).start, "[");
    const NodeId end = a_.literal(open, "]");
    a_.finish(end);
    a_.epsilon(open, item);
    a_.call(item, any_value(levels - 1), done);
    a_.epsilon(separator(done, ','), item);
    a_.byte(done, ']', end);
    return rule;
}

}  // namespace hearth::llm
