#include "web/receipts/receipt.h"

#include <array>
#include <charconv>
#include <ctime>

#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "web/answer_meter.h"
#include "web/model_use.h"
#include "web/responses/reply.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 4> kRoles{"system", "user", "assistant", "tool"};

json message_json(const llm::Message& message) {
    json calls = json::array();
    for (const llm::ToolCall& call : message.tool_calls) {
        calls.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
    }
    return {{"role", kRoles.at(static_cast<std::size_t>(message.role))},
            {"content", message.content},
            {"tool_calls", std::move(calls)},
            {"tool_call_id", message.tool_call_id},
            {"name", message.name}};
}

llm::Message message_of(const json& value) {
    llm::Message out;
    for (std::size_t i = 0; i < kRoles.size(); ++i) {
        if (value["role"] == kRoles[i]) out.role = static_cast<llm::Role>(i);
    }
    out.content = value["content"];
    for (const json& call : value["tool_calls"])
        out.tool_calls.push_back({call["id"], call["name"], call["arguments"]});
    out.tool_call_id = value["tool_call_id"];
    out.name = value["name"];
    return out;
}

json request_json(const agents::AskRequest& request) {
    json messages = json::array();
    for (const llm::Message& message : request.messages) messages.push_back(message_json(message));
    const llm::SamplingOptions& sampling = request.sampling;
    json bias = json::object();
    for (const auto& [token, value] : sampling.logit_bias) bias[std::to_string(token)] = value;
    return {{"messages", std::move(messages)},
            {"collection", request.collection},
            {"path", request.path},
            {"type", request.type},
            {"max_tokens", request.max_tokens},
            {"temperature", sampling.temperature},
            {"top_k", sampling.top_k},
            {"top_p", sampling.top_p},
            {"min_p", sampling.min_p},
            {"repetition_penalty", sampling.repetition_penalty},
            {"repetition_window", sampling.repetition_window},
            {"frequency_penalty", sampling.frequency_penalty},
            {"presence_penalty", sampling.presence_penalty},
            {"logit_bias", std::move(bias)},
            {"seed", sampling.seed ? json(*sampling.seed) : json(nullptr)}};
}

agents::AskRequest request_of(const json& value) {
    agents::AskRequest out;
    for (const json& message : value["messages"]) out.messages.push_back(message_of(message));
    out.collection = value["collection"];
    out.path = value["path"];
    out.type = value["type"];
    out.max_tokens = value["max_tokens"];
    llm::SamplingOptions& sampling = out.sampling;
    sampling.temperature = value["temperature"];
    sampling.top_k = value["top_k"];
    sampling.top_p = value["top_p"];
    sampling.min_p = value["min_p"];
    sampling.repetition_penalty = value["repetition_penalty"];
    sampling.repetition_window = value["repetition_window"];
    sampling.frequency_penalty = value["frequency_penalty"];
    sampling.presence_penalty = value["presence_penalty"];
    for (const auto& [token, bias] : value["logit_bias"].items()) {
        int id = 0;
        std::from_chars(token.data(), token.data() + token.size(), id);
        sampling.logit_bias[id] = bias;
    }
    if (!value["seed"].is_null()) sampling.seed = value["seed"].get<std::uint64_t>();
    return out;
}

/// What answers now. The template is known by what it makes of a conversation with every role that all templates take.
json engine_json(App& app, llm::TextModel& model) {
    const llm::ModelInfo& info = model.info();
    llm::GenerateRequest probe;
    probe.messages = {{llm::Role::kSystem, "s", {}, {}, {}}, {llm::Role::kUser, "u", {}, {}, {}}};
    const auto rendered = model.render_prompt(probe);
    return {{"version", app.options().version},
            {"model", info.id},
            {"model_sha256", info.file_sha256},
            {"template_sha256", rendered.ok() ? sha256_hex(std::string_view(*rendered)) : ""},
            {"isa", info.isa},
            {"threads", info.threads},
            {"embedder", app.services().embedder->id()}};
}

json documents_json(App& app, const std::vector<agents::Source>& sources) {
    json out = json::object();
    for (const agents::Source& source : sources) {
        const std::string& id = source.hit.document.id;
        const auto document = app.services().corpus->document(id);
        out[id] = {{"path", source.hit.document.path},
                   {"content_sha256", document.ok() ? document->content_sha256 : ""}};
    }
    return out;
}

std::int64_t generation_of(App& app) {
    const auto counts = app.services().corpus->counts();
    return counts.ok() ? counts->generation : -1;
}

void note_change(json& changes, const std::string& what, const json& before, const json& after) {
    if (before != after) changes.push_back({{"what", what}, {"before", before}, {"after", after}});
}

json changes_since(App& app, llm::TextModel& model, const json& receipt) {
    json changes = json::array();
    const json engine = engine_json(app, model);
    for (const auto& [key, before] : receipt["engine"].items()) {
        note_change(changes, "engine." + key, before, engine.value(key, json()));
    }
    note_change(changes, "index_generation", receipt["index_generation"], generation_of(app));
    for (const auto& [id, before] : receipt["documents"].items()) {
        const auto document = app.services().corpus->document(id);
        const json after = document.ok() ? json(document->content_sha256) : json(nullptr);
        note_change(changes, "document " + before["path"].get<std::string>(), before["content_sha256"], after);
    }
    return changes;
}

/// The one that answered then when it can be had, else the default one: `changes` tells.
ModelUse model_of(App& app, const json& receipt, const std::stop_token& cancel) {
    const Services services = app.services();
    auto used = use_model(services, receipt["engine"]["model"], cancel);
    if (auto* model = std::get_if<ModelUse>(&used)) return std::move(*model);
    return ModelUse(std::shared_ptr<void>(), services.model);
}

}  // namespace

void settle_seed(llm::SamplingOptions& sampling) {
    if (sampling.seed || sampling.temperature <= 0) return;
    const std::string digits = random_hex(8);
    std::uint64_t seed = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), seed, 16);
    sampling.seed = seed;
}

void keep_receipt(App& app, const std::string& answer_id, const agents::AskRequest& request,
                  const agents::Answer& answer) {
    if (app.store() == nullptr) return;
    const std::int64_t now = std::time(nullptr);
    json receipt = answer_json(answer);
    receipt.update({{"id", answer_id},
                    {"object", "hearth.receipt"},
                    {"created_at", now},
                    {"request", request_json(request)},
                    {"engine", engine_json(app, request.model != nullptr ? *request.model : *app.services().model)},
                    {"index_generation", generation_of(app)},
                    {"documents", documents_json(app, answer.sources)},
                    {"text", answer.text},
                    {"text_sha256", sha256_hex(std::string_view(answer.text))},
                    {"usage", response_usage_json(answer.usage)}});
    const Status kept = app.store()->put(Kept::kReceipt, answer_id, now, dump_json(receipt));
    if (!kept.ok()) HEARTH_LOG(kWarn, "web", "receipt_not_kept", {{"error", kept.error().message}});
}

Result<json> get_receipt(App& app, const std::string& answer_id) {
    if (app.store() == nullptr) {
        return Error(ErrorCode::kNotFound, "no receipts are kept: hearth could not open its file for them");
    }
    HEARTH_TRY(const std::string body, app.store()->get(Kept::kReceipt, answer_id, std::time(nullptr)));
    return parse_json(body);
}

Result<json> replay(App& app, const json& receipt, std::stop_token cancel) {
    const App::BusyScope busy(app);
    AnswerMeter meter(app.metrics(), cancel);
    const agents::EventSink sink = [&](const agents::Event& event) {
        if (std::holds_alternative<agents::DeltaEvent>(event)) meter.text();
        return !cancel.stop_requested();
    };
    agents::AskRequest request = request_of(receipt["request"]);
    request.model = model_of(app, receipt, cancel);
    HEARTH_TRY(const agents::Answer answer, app.services().agent->ask(request, sink, cancel));
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "the replay was stopped before it was complete");
    meter.done(answer.usage);
    return json{{"id", receipt["id"]},
                {"object", "hearth.replay"},
                {"reproduced", answer.text == receipt["text"].get<std::string>()},
                {"text", receipt["text"]},
                {"replayed_text", answer.text},
                {"changes", changes_since(app, *request.model, receipt)}};
}

}  // namespace hearth::web
