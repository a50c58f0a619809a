#include "web/completion_request.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/openai_fields.h"

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr int kDefaultMaxTokens = 16;

void read_prompts(FieldReader& fields, const llm::TextModel& model, CompletionRequest& out) {
    const json* prompt = fields.any("prompt");
    if (prompt == nullptr) return fields.fail("prompt", "is missing");
    const bool many = prompt->is_array() && !prompt->empty() && !prompt->front().is_number();
    const json list = many ? *prompt : json::array({*prompt});
    if (list.size() > kMaxChoices) return fields.fail("prompt", "has more than 128 prompts");
    for (const json& item : list) {
        std::vector<int> ids;
        if (item.is_string()) {
            ids = model.tokenize(item.get_ref<const std::string&>());
        } else if (!item.is_array() || !read_token_ids(item, ids)) {
            return fields.fail("prompt", "must be a string, an array of strings, or arrays of token ids");
        }
        if (ids.empty()) return fields.fail("prompt", "is empty");
        out.prompts.push_back(std::move(ids));
    }
}

void read_echo(FieldReader& fields, const llm::TextModel& model, CompletionRequest& out) {
    const bool echo = fields.boolean("echo").value_or(false);
    out.echoes.resize(out.prompts.size());
    if (!echo) return;
    if (out.base.generate.top_logprobs) {
        return fields.fail("echo", "is not possible with logprobs: a prompt is not scored");
    }
    for (std::size_t i = 0; i < out.prompts.size(); ++i) {
        auto text = model.detokenize(out.prompts[i]);
        if (!text.ok()) return fields.fail("prompt", text.error().message);
        out.echoes[i] = std::move(*text);
    }
}

void read_refused(FieldReader& fields, int choices) {
    if (!fields.text("suffix", SIZE_MAX).value_or("").empty()) {
        fields.fail("suffix", "is not possible: this model continues a text, it does not fill gaps");
    }
    if (fields.integer("best_of", 1, kMaxChoices).value_or(choices) != choices) {
        fields.fail("best_of", "can only be n");
    }
}

}  // namespace

std::variant<CompletionRequest, ApiError> decode_completion_request(std::string_view body, const ModelOf& model_of) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    CompletionRequest out;
    out.base.from_documents = false;
    FieldReader fields(*parsed);
    read_shared_fields(fields, out.base);
    if (fields.any("max_tokens") == nullptr) out.base.generate.max_tokens = kDefaultMaxTokens;
    if (const auto top = fields.integer("logprobs", 0, llm::kMaxTopLogprobs)) {
        out.base.generate.top_logprobs = static_cast<int>(*top);
    }
    read_refused(fields, out.base.choices);
    if (fields.error()) return *fields.error();
    const auto used = model_of(out.base.model);
    if (const auto* error = std::get_if<ApiError>(&used)) return *error;
    const llm::TextModel& model = *std::get<ModelUse>(used);
    read_prompts(fields, model, out);
    if (!fields.error() && out.prompts.size() * static_cast<std::size_t>(out.base.choices) > kMaxChoices) {
        fields.fail("n", "times the number of prompts is more than 128");
    }
    read_echo(fields, model, out);
    if (fields.error()) return *fields.error();
    return out;
}

}  // namespace hearth::web
