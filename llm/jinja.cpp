#include "llm/jinja.h"

#include <new>

#include "llm/jinja_eval.h"
#include "llm/jinja_parser.h"

namespace hearth::llm::jinja {

struct Template::Parsed {
    Body body;
};

Template::Template(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
Template::Template(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source) {
    if (source.size() > (1u << 20)) return Error(ErrorCode::kResourceExhausted, "a chat template over 1 MiB");
    try {
        return Template(std::make_unique<const Parsed>(Parsed{jinja::parse(source)}));
    } catch (const Failure& failure) {
        return Error(failure.code, failure.what());
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "no memory left for the chat template");
    }
}

Result<Text> Template::render(Dict context) const {
    try {
        Evaluator evaluator(std::move(context));
        return evaluator.render(parsed_->body);
    } catch (const Failure& failure) {
        return Error(failure.code, failure.what());
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "no memory left for the chat template");
    }
}

}  // namespace hearth::llm::jinja
