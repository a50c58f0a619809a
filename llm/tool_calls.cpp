#include "llm/tool_calls.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"

namespace hearth::llm {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::string_view kFence = "```";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr auto npos = std::string_view::npos;

std::size_t skip_space(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(kSpaces, at), text.size());
}

/// One past the end of the JSON object or array at `at`; npos while it is not closed.
std::size_t json_end(std::string_view text, std::size_t at) {
    int depth = 0;
    bool in_string = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (in_string) {
            if (c == '\\') {
                ++at;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) return at + 1;
        }
    }
    return npos;
}

/// The arguments of a call as an object's text; some models write the object into a string.
std::optional<std::string> arguments_of(const ordered_json& call) {
    for (const char* key : {"arguments", "parameters"}) {
        if (!call.contains(key)) continue;
        const ordered_json& value = call.at(key);
        if (value.is_object()) return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
        if (value.is_null()) return "{}";
        if (!value.is_string()) return std::nullopt;
        const auto inner = parse_json(value.get_ref<const std::string&>());
        if (!inner.ok() || !inner.value().is_object()) return std::nullopt;
        return value.get<std::string>();
    }
    return std::nullopt;
}

/// One call, or an array of them; empty when any part is not a call of a known tool.
std::vector<ToolCall> parse_calls(std::string_view text, const std::vector<std::string>& tool_names) {
    if (!parse_json(text).ok()) return {};  // the limits; the second parse keeps the order of keys
    const ordered_json parsed = ordered_json::parse(text, nullptr, false);
    const ordered_json list = parsed.is_array() ? parsed : ordered_json::array({parsed});
    std::vector<ToolCall> calls;
    for (const ordered_json& item : list) {
        if (!item.is_object() || !item.contains("name") || !item.at("name").is_string()) return {};
        std::string name = item.at("name").get<std::string>();
        std::optional<std::string> arguments = arguments_of(item);
        if (!arguments || std::find(tool_names.begin(), tool_names.end(), name) == tool_names.end()) return {};
        calls.push_back({"call_" + random_hex(8), std::move(name), std::move(*arguments)});
    }
    return calls;
}

/// True while `text`, the start of an object, may still be a call: its first key is one that calls begin with.
bool may_begin_call(std::string_view text) {
    const std::size_t quote = skip_space(text, 1);
    if (quote == text.size()) return true;
    const std::string_view rest = text.substr(quote);
    for (const std::string_view key : {"\"name\"", "\"arguments\"", "\"parameters\""}) {
        const std::size_t shared = std::min(key.size(), rest.size());
        if (rest.substr(0, shared) == key.substr(0, shared)) return true;
    }
    return false;
}

/// What the start of the held text is: how many bytes are decided (0 = wait for more), and the calls in them.
struct Verdict {
    std::size_t length = 0;
    std::vector<ToolCall> calls;
};

/// `text` begins with <tool_call>.
Verdict judge_tagged(std::string_view text, bool at_end, const std::vector<std::string>& tool_names) {
    const std::size_t start = skip_space(text, kOpen.size());
    if (start == text.size()) return {at_end ? text.size() : 0, {}};
    if (text[start] != '{' && text[start] != '[') return {kOpen.size(), {}};
    const std::size_t end = json_end(text, start);
    if (end == npos) return {at_end ? text.size() : 0, {}};
    const std::size_t close = skip_space(text, end);
    const std::string_view rest = text.substr(close);
    const bool closed = rest.starts_with(kClose);
    const bool may_close = !closed && kClose.starts_with(rest);
    if (may_close && !at_end) return {};
    Verdict verdict;
    verdict.calls = parse_calls(text.substr(start, end - start), tool_names);
    // A model that forgets the closing tag has still called.
    verdict.length = closed ? close + kClose.size() : may_close ? text.size() : end;
    return verdict;
}

/// Where the object starts in an answer that is an object, bare or in a code fence; npos when it is none, text.size()
/// when that is open.
std::size_t whole_object_start(std::string_view text) {
    if (text.starts_with('{')) return 0;
    const std::size_t shared = std::min(kFence.size(), text.size());
    if (text.substr(0, shared) != kFence.substr(0, shared)) return npos;
    if (text.size() <= kFence.size()) return text.size();
    const std::string_view label = text.substr(kFence.size());
    constexpr std::string_view kJson = "json";
    std::size_t at = kFence.size();
    const std::size_t letters = std::min(kJson.size(), label.size());
    if (label.substr(0, letters) == kJson.substr(0, letters)) at += letters;
    at = skip_space(text, at);
    return at == text.size() || text[at] == '{' ? at : npos;
}

/// `text` is the whole answer so far. length 0: wait; npos: it is no call.
Verdict judge_whole(std::string_view text, bool at_end, const std::vector<std::string>& tool_names) {
    const Verdict no_call{npos, {}};
    const std::size_t start = whole_object_start(text);
    if (start == npos) return no_call;
    if (start == text.size()) return at_end ? no_call : Verdict{};
    if (!may_begin_call(text.substr(start))) return no_call;
    const std::size_t end = json_end(text, start);
    if (end == npos) return at_end ? no_call : Verdict{};
    std::size_t after = skip_space(text, end);
    if (start > 0) {
        const std::string_view rest = text.substr(after);
        if (rest.starts_with(kFence)) {
            after = skip_space(text, after + kFence.size());
        } else if (kFence.starts_with(rest)) {
            after = text.size();
        }
    }
    if (after != text.size()) return no_call;
    if (!at_end) return {};
    Verdict verdict{text.size(), parse_calls(text.substr(start, end - start), tool_names)};
    return verdict.calls.empty() ? no_call : verdict;
}

/// Length of the text at the start of `text` that no tag can take back: up to the next tag or a beginning of one,
/// without the whitespace before it, which goes with a call. At least 1.
std::size_t certain_length(std::string_view text, bool at_end) {
    std::size_t end = text.size();
    for (std::size_t at = text.find('<', 1); at != npos; at = text.find('<', at + 1)) {
        const std::string_view rest = text.substr(at, kOpen.size());
        if (rest == kOpen || (!at_end && kOpen.starts_with(rest))) {
            end = at;
            break;
        }
    }
    if (at_end && end == text.size()) return end;
    const std::size_t last = text.find_last_not_of(kSpaces, end - 1);
    return last == npos ? 1 : last + 1;
}

}  // namespace

ToolCallParser::ToolCallParser(std::vector<std::string> tool_names) : tool_names_(std::move(tool_names)) {}

std::string ToolCallParser::advance(bool at_end) {
    std::string text;
    const auto give = [&](std::size_t length) {
        text.append(pending_, 0, length);
        pending_.erase(0, length);
        text_seen_ = true;
    };
    while (!pending_.empty()) {
        const std::size_t lead = skip_space(pending_, 0);
        const std::string_view rest = std::string_view(pending_).substr(lead);
        if (rest.empty()) {
            if (at_end && calls_.empty()) text += pending_;
            if (at_end) pending_.clear();
            break;
        }
        Verdict verdict{npos, {}};
        if (rest.starts_with(kOpen)) {
            verdict = judge_tagged(rest, at_end, tool_names_);
        } else if (!at_end && kOpen.starts_with(rest)) {
            verdict = {};
        } else if (!text_seen_ && calls_.empty()) {
            verdict = judge_whole(rest, at_end, tool_names_);
        }
        if (verdict.length == 0) break;
        if (verdict.length == npos) {
            give(lead + certain_length(rest, at_end));
        } else if (verdict.calls.empty()) {
            give(lead + verdict.length);
        } else {
            pending_.erase(0, lead + verdict.length);
            std::move(verdict.calls.begin(), verdict.calls.end(), std::back_inserter(calls_));
        }
    }
    return text;
}

std::string ToolCallParser::push(std::string_view delta) {
    if (tool_names_.empty()) return std::string(delta);
    pending_ += delta;
    return advance(false);
}

std::string ToolCallParser::finish() {
    return advance(true);
}

}  // namespace hearth::llm
