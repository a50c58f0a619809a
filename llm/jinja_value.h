// The values a chat template computes with: Python's, as far as templates see them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "llm/jinja_text.h"

namespace hearth::llm::jinja {

/// How a failure leaves the recursive parser and evaluator. It never leaves jinja.cpp, which turns it into an Error.
class Failure : public std::runtime_error {
  public:
    explicit Failure(const std::string& message, ErrorCode error_code = ErrorCode::kInvalidArgument)
        : std::runtime_error(message), code(error_code) {}
    ErrorCode code;
};

class Value;
struct Dict;
struct Namespace;
struct Callable;
struct Loop;

struct Undefined {
    std::string name;
};
struct None {};
using List = std::vector<Value>;

/// Immutable except for namespaces, so values share structure freely. Lists, dicts, methods and loops hold others at
/// most kMaxNesting deep, which bounds every recursion over values, their destruction too.
class Value {
  public:
    static constexpr int kMaxNesting = 64;

    Value() : data_(None{}) {}
    Value(bool flag) : data_(flag) {}              // NOLINT: implicit, as in the language it models
    Value(std::int64_t number) : data_(number) {}  // NOLINT
    Value(double number) : data_(number) {}        // NOLINT
    Value(Text text) : data_(std::make_shared<const Text>(std::move(text))) {}  // NOLINT
    Value(List list);                                                           // NOLINT
    Value(Dict dict);                                                           // NOLINT
    Value(std::shared_ptr<Namespace> x) : data_(std::move(x)) {}                // NOLINT
    Value(std::shared_ptr<const Callable> callable);                            // NOLINT
    Value(std::shared_ptr<const Loop> loop);                                    // NOLINT
    Value(const char*) = delete;
    static Value undefined(std::string name) {
        Value value;
        value.data_ = Undefined{std::move(name)};
        return value;
    }
    static Value trusted(std::string text) { return Text(std::move(text), true); }
    static Value untrusted(std::string text) { return Text(std::move(text), false); }

    bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
    bool is_none() const { return std::holds_alternative<None>(data_); }
    bool is_number() const { return integer() || real(); }
    const bool* boolean() const { return std::get_if<bool>(&data_); }
    const std::int64_t* integer() const { return std::get_if<std::int64_t>(&data_); }
    const double* real() const { return std::get_if<double>(&data_); }
    const Text* text() const { return pointee<const Text>(); }
    const List* list() const { return pointee<const List>(); }
    /// The list itself, shared: only for a value that is one.
    std::shared_ptr<const List> shared_list() const { return std::get<std::shared_ptr<const List>>(data_); }
    const Dict* dict() const { return pointee<const Dict>(); }
    Namespace* name_space() const { return pointee<Namespace>(); }
    const Callable* callable() const { return pointee<const Callable>(); }
    const Loop* loop() const { return pointee<const Loop>(); }
    const std::string& undefined_name() const { return std::get<Undefined>(data_).name; }

    bool truthy() const;
    int nesting() const { return nesting_; }
    /// "str", "list", ... for messages.
    const char* type_name() const;

  private:
    template <typename T>
    T* pointee() const {
        const auto* pointer = std::get_if<std::shared_ptr<T>>(&data_);
        return pointer ? pointer->get() : nullptr;
    }

    std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const Text>, std::shared_ptr<const List>,
                 std::shared_ptr<const Dict>, std::shared_ptr<Namespace>, std::shared_ptr<const Callable>,
                 std::shared_ptr<const Loop>>
        data_;
    int nesting_ = 0;
};

/// In order of insertion; keys are unique strings.
struct Dict {
    std::vector<std::pair<Text, Value>> entries;
    const Value* find(std::string_view key) const;
    /// Replaces the value of an existing key, in its place. Linear.
    void set(Text key, Value value);
};

struct Namespace {
    Dict members;
};

/// What a for loop's body sees as `loop`.
struct Loop {
    std::shared_ptr<const List> items;
    std::size_t index0 = 0;
    int nesting = 0;  ///< of the deepest item
};

struct Macro;
struct Scope;

struct Callable {
    enum class Kind { kFunction, kMacro, kMethod };
    Kind kind = Kind::kFunction;
    std::string name;
    Value self;                    ///< kMethod: the object it was taken from
    const Macro* macro = nullptr;  ///< kMacro
    std::shared_ptr<Scope> scope;  ///< kMacro: where it was defined
};

/// Steps and bytes a render may use. A step is at most about a microsecond of work and 256 bytes of memory that stay;
/// what takes more on large values costs more than one.
class Budget {
  public:
    void charge(std::size_t steps = 1) {
        if (steps > steps_left_)
            throw Failure("the template takes more than 2,000,000 steps", ErrorCode::kResourceExhausted);
        steps_left_ -= steps;
    }
    /// For building `bytes` of text: a step per 64 bytes, and no single text over the output limit.
    void charge_text(std::size_t bytes) {
        if (bytes > kMaxText) throw Failure("the template builds a text over 4 MiB", ErrorCode::kResourceExhausted);
        charge(1 + bytes / 64);
    }
    /// For copying `text`, whose runs of provenance take memory too.
    void charge_text(const Text& text) {
        charge_text(text.size());
        charge(text.runs().size() / 4);
    }
    /// For looking for `part` in `text`, which a hostile pair makes quadratic.
    void charge_search(std::size_t text, std::size_t part) { charge(1 + text / 64 + text * part / 4096); }
    static constexpr std::size_t kMaxText = 4u << 20;

  private:
    std::size_t steps_left_ = 2'000'000;
};

/// Python's == and <. Shared structure makes them exponential, so every element compared is charged.
bool equal(const Value& a, const Value& b, Budget& budget);
/// Failure for values that have no order.
bool less(const Value& a, const Value& b, Budget& budget);
/// str(value): what {{ value }} prints.
Text to_text(const Value& value, Budget& budget);
/// repr(value).
Text to_repr(const Value& value, Budget& budget);
/// json.dumps(value, ensure_ascii=False, indent=indent). Untrusted as a whole when any text in it is.
Text to_json(const Value& value, int indent, Budget& budget);
std::string python_float(double number);

/// JSON text as a value, every string in it untrusted, keys in their order. kInvalidArgument for anything else.
Result<Value> value_from_json(std::string_view json);

}  // namespace hearth::llm::jinja
