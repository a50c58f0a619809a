// Runs a parsed template: scopes, statements, expressions. Filters, tests and methods are in their own files.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "llm/jinja_ast.h"
#include "llm/jinja_value.h"

namespace hearth::llm::jinja {

/// Names in one block; look-up goes outwards.
struct Scope {
    std::unordered_map<std::string, Value> names;
    std::shared_ptr<Scope> parent;
};

/// Evaluated call arguments, borrowed.
struct Arguments {
    std::span<const Value> positional;
    std::span<const std::pair<std::string, Value>> named;

    /// The argument at `position` or by `name`; nullptr when it was not given.
    const Value* find(std::size_t position, std::string_view name) const;
    std::int64_t integer(std::size_t position, std::string_view name, std::int64_t fallback) const;
    bool flag(std::size_t position, std::string_view name, bool fallback) const;
    /// Without the first `count` positional arguments.
    Arguments rest(std::size_t count) const;
};

struct OwnedArguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
    operator Arguments() const { return {positional, named}; }  // NOLINT: the same arguments, seen
};

/// One rendering. Not reusable.
class Evaluator {
  public:
    explicit Evaluator(Dict context);
    ~Evaluator();
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;

    /// Bounds what the stack must hold: expressions inside expressions, blocks inside blocks, macros calling macros,
    /// filters applying filters. Failure (kResourceExhausted) beyond kMax.
    class Depth {
      public:
        explicit Depth(Evaluator& evaluator) : evaluator_(evaluator) {
            if (++evaluator_.depth_ > kMax) {
                --evaluator_.depth_;
                throw Failure("the template recurses too deep", ErrorCode::kResourceExhausted);
            }
        }
        ~Depth() { --evaluator_.depth_; }
        Depth(const Depth&) = delete;
        Depth& operator=(const Depth&) = delete;

      private:
        static constexpr int kMax = 1000;  // of about 1 KiB each, well inside an 8 MiB stack
        Evaluator& evaluator_;
    };

    Text render(const Body& body);

    Budget& budget() { return budget_; }
    Value call(const Value& callee, const Arguments& arguments);
    /// value.name, undefined when there is none; `path` in filters may be "a.b" or "0".
    Value attribute(const Value& value, const std::string& name);
    Value attribute_path(const Value& value, std::string_view path);
    Value index(const Value& value, const Value& key);
    std::shared_ptr<Namespace> make_namespace();

  private:
    enum class Flow { kNext, kBreak, kContinue };

    Flow run(const Body& body, Text& out);
    Flow run_statement(const Statement& statement, Text& out);
    Flow run_if(const Statement& statement, Text& out);
    Flow run_for(const Statement& statement, Text& out);
    void run_set(const Statement& statement);
    void run_set_block(const Statement& statement, Text& out);
    void run_call_block(const Statement& statement, Text& out);
    void bind(const std::vector<std::string>& names, Value value);
    void print(const Value& value, Text& out);

    Value evaluate(const Expression& expression);
    Value evaluate_slice(const Expression& expression);
    Value evaluate_chain(const Expression& expression);
    Value evaluate_compare(const Expression& expression);
    Value evaluate_dict(const Expression& expression);
    Value evaluate_unary(const Expression& expression);
    OwnedArguments evaluate_arguments(const Expression& expression);
    Value look_up(const std::string& name);
    Value binary(const std::string& operation, const Value& a, const Value& b);
    Value add(const Value& a, const Value& b);
    Value call_macro(const Callable& callable, const Arguments& arguments);
    Value macro_value(const Macro& macro);

    Budget budget_;
    int depth_ = 0;
    std::shared_ptr<Scope> scope_;
    // Macros hold scopes that hold macros, and namespaces may hold each other: the destructor unties the knots.
    std::vector<std::shared_ptr<Scope>> captured_;
    std::vector<std::shared_ptr<Namespace>> namespaces_;
};

/// Items of anything a for loop takes: lists, dict keys, characters, nothing for undefined. Failure for the rest.
std::shared_ptr<const List> items_of(const Value& value, Budget& budget);
bool contains(const Value& container, const Value& item, Budget& budget);
Value concatenate(const Value& a, const Value& b, Budget& budget);

/// The three registries; Failure (kUnsupported) names what this build lacks.
Value apply_filter(Evaluator& evaluator, const std::string& name, const Value& input, const Arguments& arguments);
bool apply_test(Evaluator& evaluator, const std::string& name, const Value& input, const Arguments& arguments);
Value call_method(Evaluator& evaluator, const Value& self, const std::string& name, const Arguments& arguments);
bool has_method(const Value& self, std::string_view name);
bool is_function(std::string_view name);
Value call_function(Evaluator& evaluator, const std::string& name, const Arguments& arguments);

}  // namespace hearth::llm::jinja
