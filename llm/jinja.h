// A small Jinja: what chat templates use, rendered as Hugging Face renders them, with limits and provenance.
#pragma once

#include <memory>
#include <string_view>

#include "core/result.h"
#include "llm/jinja_value.h"

namespace hearth::llm::jinja {

/// What Python does that this does not: tuples are lists and print as such, letters change case one by one (no SS for
/// ß), sort takes one attribute, loops are not recursive.
/// A parsed template (at most 1 MiB, nested at most 64 deep). Immutable; thread-safe.
class Template {
  public:
    /// kInvalidArgument names the line; kResourceExhausted a limit.
    static Result<Template> parse(std::string_view source);
    Template(Template&&) noexcept;
    ~Template();

    /// At most 2,000,000 steps and 4 MiB of output. kInvalidArgument carries raise_exception's message,
    /// kUnsupported names a filter or test that is missing here.
    Result<Text> render(Dict context) const;

  private:
    struct Parsed;
    explicit Template(std::unique_ptr<const Parsed> parsed);
    std::unique_ptr<const Parsed> parsed_;
};

}  // namespace hearth::llm::jinja
