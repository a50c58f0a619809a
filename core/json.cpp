#include "core/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/utf8.h"

namespace hearth {
namespace {

using nlohmann::json;

/// Builds a DOM while counting depth, so that hostile nesting stops before the stack does.
class LimitedBuilder : public nlohmann::detail::json_sax_dom_parser<json> {
    using Base = nlohmann::detail::json_sax_dom_parser<json>;

  public:
    LimitedBuilder(json& document, std::string_view text, int max_depth)
        : Base(document, false), text_(text), max_depth_(max_depth) {}

    bool start_object(std::size_t n) { return enter() && Base::start_object(n); }
    bool start_array(std::size_t n) { return enter() && Base::start_array(n); }
    bool end_object() {
        --depth_;
        return Base::end_object();
    }
    bool end_array() {
        --depth_;
        return Base::end_array();
    }
    bool parse_error(std::size_t position, const std::string& token, const json::exception& error) {
        message_ = place(position) + trouble(position, token);
        return Base::parse_error(position, token, error);
    }

    const std::string& message() const { return message_; }

  private:
    bool enter() {
        if (++depth_ <= max_depth_) return true;
        message_ = ": nested deeper than " + std::to_string(max_depth_) + " levels";
        return false;
    }
    /// `position` counts the bytes read, the one at fault included.
    std::string place(std::size_t position) const {
        const std::string_view before = text_.substr(0, position == 0 ? 0 : position - 1);
        const std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
        const std::size_t newline = before.rfind('\n');
        const std::size_t column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
        return " at line " + std::to_string(line) + ", column " + std::to_string(column);
    }
    std::string trouble(std::size_t position, const std::string& token) const {
        constexpr std::size_t kShown = 40;
        if (position > text_.size()) return text_.empty() ? ": it is empty" : ": it ends too early";
        const std::size_t from = token.size() > kShown ? token.size() - kShown : 0;
        return ", having read '" + sanitize_utf8(std::string_view(token).substr(from)) + "'";
    }

    const std::string_view text_;
    int max_depth_;
    int depth_ = 0;
    std::string message_;
};

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes) {
        return Error(ErrorCode::kResourceExhausted, "JSON of " + std::to_string(text.size()) +
                                                        " bytes is over the limit of " + std::to_string(limits.bytes));
    }
    json root;
    LimitedBuilder builder(root, text, limits.depth);
    const bool parsed = json::sax_parse(text.begin(), text.end(), &builder);
    if (parsed && builder.message().empty()) return root;
    return Error(ErrorCode::kInvalidArgument, "invalid JSON" + builder.message());
}

std::string dump_json(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace hearth
