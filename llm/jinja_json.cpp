#include <unordered_map>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "llm/jinja_value.h"

namespace hearth::llm::jinja {
namespace {

/// Builds values from parse events: keeps the order of keys, which nlohmann's own tree would sort.
class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
  public:
    bool null() override { return add(Value()); }
    bool boolean(bool flag) override { return add(flag); }
    bool number_integer(number_integer_t number) override { return add(static_cast<std::int64_t>(number)); }
    bool number_unsigned(number_unsigned_t number) override {
        if (number > static_cast<number_unsigned_t>(INT64_MAX)) return add(static_cast<double>(number));
        return add(static_cast<std::int64_t>(number));
    }
    bool number_float(number_float_t number, const string_t&) override { return add(number); }
    bool string(string_t& text) override { return add(Value::untrusted(std::move(text))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(false); }
    bool start_array(std::size_t) override { return open(true); }
    bool key(string_t& name) override {
        open_.back().key = std::move(name);
        return true;
    }
    bool end_array() override {
        List items = std::move(open_.back().items);
        open_.pop_back();
        return add(Value(std::move(items)));
    }
    bool end_object() override {
        Dict members = std::move(open_.back().members);
        open_.pop_back();
        return add(Value(std::move(members)));
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

    Value result;

  private:
    struct Open {
        bool is_list = false;
        List items;
        Dict members;
        std::string key;
        std::unordered_map<std::string, std::size_t> places;  // a repeated key replaces the value, as in Python
    };
    bool open(bool is_list) {
        if (open_.size() + 1 >= static_cast<std::size_t>(Value::kMaxNesting)) return false;
        open_.emplace_back().is_list = is_list;
        return true;
    }
    bool add(Value value) {
        if (open_.empty()) {
            result = std::move(value);
            return true;
        }
        Open& top = open_.back();
        if (top.is_list) {
            top.items.push_back(std::move(value));
            return true;
        }
        const auto [place, fresh] = top.places.emplace(top.key, top.members.entries.size());
        if (fresh) {
            top.members.entries.emplace_back(Text(top.key, false), std::move(value));
        } else {
            top.members.entries[place->second].second = std::move(value);
        }
        return true;
    }
    std::vector<Open> open_;
};

}  // namespace

Result<Value> value_from_json(std::string_view json) {
    if (json.size() > JsonLimits{}.bytes) return Error(ErrorCode::kResourceExhausted, "JSON over 16 MiB");
    ValueBuilder builder;
    if (!nlohmann::json::sax_parse(json.begin(), json.end(), &builder)) {
        return Error(ErrorCode::kInvalidArgument, "not JSON, or nested deeper than 63 levels");
    }
    return std::move(builder.result);
}

}  // namespace hearth::llm::jinja
