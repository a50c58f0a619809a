// POST /api/chat and /api/generate: lines of JSON, or one object with stream=false.
#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <variant>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/answering.h"
#include "web/chat_reply.h"
#include "web/model_use.h"
#include "web/ollama/request.h"
#include "web/routes.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

enum class Shape { kChat, kGenerate };

std::string now_rfc3339() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - seconds).count();
    const std::time_t time = seconds.count();
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 48> text{};
    std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    n +=
        static_cast<std::size_t>(std::snprintf(text.data() + n, text.size() - n, ".%06ldZ", static_cast<long>(micros)));
    return std::string(text.data(), n);
}

json calls_json(const std::vector<llm::ToolCall>& calls) {
    json out = json::array();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto arguments = parse_json(calls[i].arguments);
        const bool object = arguments.ok() && arguments->is_object();
        out.push_back({{"function",
                        {{"index", i},
                         {"name", calls[i].name},
                         {"arguments", object ? std::move(*arguments) : json::object()}}}});
    }
    return out;
}

/// Beside the text.
void add_thought(Shape shape, json& line, std::string_view thought) {
    json& place = shape == Shape::kChat ? line["message"]["thinking"] : line["thinking"];
    place = std::string(thought);
}

/// One line: the envelope around a piece of text.
json line(Shape shape, const std::string& model, std::string_view text) {
    json out{{"model", model}, {"created_at", now_rfc3339()}, {"done", false}};
    if (shape == Shape::kChat) {
        out["message"] = {{"role", "assistant"}, {"content", std::string(text)}};
    } else {
        out["response"] = std::string(text);
    }
    return out;
}

void add_scores(json& out, std::span<const llm::TokenScore> scores) {
    if (!scores.empty()) out["logprobs"] = logprobs_json(scores)["content"];
}

/// What the last line adds. Durations are in nanoseconds; nothing is loaded for a request.
void add_ending(json& out, const FinishedAnswer& answer) {
    const auto ns = [](double seconds) { return static_cast<std::int64_t>(seconds * 1e9); };
    const llm::Usage& usage = answer.usage;
    out["done"] = true;
    out["done_reason"] = answer.finish_reason == llm::FinishReason::kLength ? "length" : "stop";
    out["total_duration"] = ns(usage.queue_seconds + usage.prefill_seconds + usage.decode_seconds);
    out["load_duration"] = 0;
    out["prompt_eval_count"] = usage.prompt_tokens;
    out["prompt_eval_duration"] = ns(usage.prefill_seconds);
    out["eval_count"] = usage.completion_tokens;
    out["eval_duration"] = ns(usage.decode_seconds);
    if (answer.from_documents) out["hearth"] = answer_json(*answer.from_documents);
}

class LineStream : public AnswerListener {
  public:
    LineStream(ResponseWriter& writer, Shape shape, const std::string& model)
        : writer_(writer), shape_(shape), model_(model) {}

    bool text(std::string_view delta, std::span<const llm::TokenScore> scores) override {
        json out = line(shape_, model_, delta);
        add_scores(out, scores);
        return writer_.write(dump_json(out) + "\n");
    }
    void thought(std::string_view delta) override {
        json out = line(shape_, model_, "");
        add_thought(shape_, out, delta);
        writer_.write(dump_json(out) + "\n");
    }
    void finish(const FinishedAnswer& answer) {
        std::string bytes;
        if (!answer.tool_calls.empty()) {
            json calls = line(shape_, model_, "");
            calls["message"]["tool_calls"] = calls_json(answer.tool_calls);
            bytes = dump_json(calls) + "\n";
        }
        json last = line(shape_, model_, "");
        add_ending(last, answer);
        writer_.write(bytes.append(dump_json(last)).append("\n"));
    }

  private:
    ResponseWriter& writer_;
    const Shape shape_;
    const std::string& model_;
};

json whole(Shape shape, const ChatRequest& chat, const FinishedAnswer& answer) {
    json out = line(shape, chat.model, answer.text);
    if (!answer.thought.empty()) add_thought(shape, out, answer.thought);
    if (!answer.tool_calls.empty()) out["message"]["tool_calls"] = calls_json(answer.tool_calls);
    add_scores(out, answer.scores);
    add_ending(out, answer);
    return out;
}

void fail(ResponseWriter& writer, const ApiError& error) {
    if (!writer.send(error_response(error))) writer.write(error_body(error, Dialect::kOllama) + "\n");
}

/// No prompt: clients load and unload models that way. "load" or "unload", or what went wrong.
std::variant<const char*, ApiError> load_or_unload(const Services& services, const ChatRequest& chat,
                                                   const std::stop_token& cancel) {
    const bool wants_unload = chat.keep_loaded && chat.keep_loaded->count() == 0;
    const bool stays = chat.model == kAgentModel || chat.model == services.model->info().id;
    if (wants_unload && !stays) {
        const Status unloaded = services.models->unload(chat.model);
        if (!unloaded.ok()) return api_error(unloaded.error());
        return "unload";
    }
    const auto used = use_model(services, chat.model, cancel, chat.keep_loaded);
    if (const auto* error = std::get_if<ApiError>(&used)) return *error;
    return "load";
}

void answer_load(App& app, Shape shape, const ChatRequest& chat, ResponseWriter& writer) {
    const auto done = load_or_unload(app.services(), chat, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&done)) return fail(writer, *error);
    json out = line(shape, chat.model, "");
    out["done"] = true;
    out["done_reason"] = std::get<const char*>(done);
    if (chat.stream) {
        writer.write(dump_json(out) + "\n");
    } else {
        writer.send(json_response(dump_json(out)));
    }
}

void answer(App& app, Shape shape, const Request& request, ResponseWriter& writer) {
    ChatRequest& chat = *request.chat;
    if (chat.generate.messages.empty() && chat.raw_prompt.empty()) return answer_load(app, shape, chat, writer);
    LineStream stream(writer, shape, chat.model);
    SilentListener silent;
    AnswerListener& listener = chat.stream ? static_cast<AnswerListener&>(stream) : silent;
    const auto made = make_answer(app, chat, 0, listener, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&made)) return fail(writer, *error);
    const auto& finished = std::get<FinishedAnswer>(made);
    if (chat.stream) return stream.finish(finished);
    writer.send(json_response(dump_json(whole(shape, chat, finished))));
}

bool prepare_chat(App& app, Request& request, ResponseWriter& writer) {
    return prepare_answer(app, request, writer, decode_ollama_chat(request.body), StreamKind::kNdjson);
}

bool prepare_generate(App& app, Request& request, ResponseWriter& writer) {
    return prepare_answer(app, request, writer, decode_ollama_generate(request.body), StreamKind::kNdjson);
}

void chat(App& app, Request& request, ResponseWriter& writer) {
    if (request.chat != nullptr || prepare_chat(app, request, writer)) answer(app, Shape::kChat, request, writer);
}

void generate(App& app, Request& request, ResponseWriter& writer) {
    if (request.chat != nullptr || prepare_generate(app, request, writer)) {
        answer(app, Shape::kGenerate, request, writer);
    }
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/api/chat", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, chat, prepare_chat},
    {Method::kPost, "/api/generate", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, generate, prepare_generate},
};

}  // namespace

std::span<const Route> ollama_generate_routes() {
    return kRoutes;
}

}  // namespace hearth::web
