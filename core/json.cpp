#include "core/json.h"

#include <nlohmann/json.hpp>

namespace hearth {
namespace {

using nlohmann::json;

/// Builds a DOM while counting depth, so that hostile nesting stops before the stack does.
class LimitedBuilder : public nlohmann::detail::json_sax_dom_parser<json> {
    using Base = nlohmann::detail::json_sax_dom_parser<json>;

  public:
    LimitedBuilder(json& document, int max_depth) : Base(document, false), max_depth_(max_depth) {}

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
        message_ = error.what();
        return Base::parse_error(position, token, error);
    }

    const std::string& message() const { return message_; }

  private:
    bool enter() {
        if (++depth_ <= max_depth_) return true;
        message_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
        return false;
    }
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
    LimitedBuilder builder(root, limits.depth);
    const bool parsed = json::sax_parse(text.begin(), text.end(), &builder);
    if (parsed && builder.message().empty()) return root;
    return Error(ErrorCode::kInvalidArgument, "invalid JSON: " + builder.message());
}

std::string dump_json(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace hearth
