// POST /v1/completions: the legacy form, by the plain engine.
#include <ctime>
#include <mutex>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "core/utf8.h"
#include "web/answering.h"
#include "web/chat_reply.h"
#include "web/choices.h"
#include "web/completion_request.h"
#include "web/routes.h"
#include "web/sse.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// The old shape: parallel arrays. `offset` is where the first token begins, in code points.
json legacy_logprobs(std::span<const llm::TokenScore> scores, std::size_t& offset) {
    json tokens = json::array(), logprobs = json::array(), tops = json::array(), offsets = json::array();
    for (const llm::TokenScore& score : scores) {
        const std::string text = sanitize_utf8(score.chosen.bytes);
        tokens.push_back(text);
        logprobs.push_back(score.chosen.logprob);
        offsets.push_back(offset);
        offset += code_points(text, text.size());
        json top = json::object();
        for (const llm::TokenLogprob& token : score.top) top[sanitize_utf8(token.bytes)] = token.logprob;
        tops.push_back(std::move(top));
    }
    return {{"tokens", std::move(tokens)},
            {"token_logprobs", std::move(logprobs)},
            {"top_logprobs", std::move(tops)},
            {"text_offset", std::move(offsets)}};
}

/// Everything that the choices of one request share.
struct Run {
    const CompletionRequest& request;
    ResponseWriter& writer;
    std::string id = "cmpl-" + random_hex(12);
    std::int64_t created = std::time(nullptr);
    std::mutex mutex = {};
    bool failed = false;

    json frame() const {
        return {{"id", id},
                {"object", "text_completion"},
                {"created", created},
                {"model", request.base.model},
                {"choices", json::array()}};
    }
    json choice(int index, std::string_view text, json logprobs, const char* finish_reason) const {
        return {{"index", index},
                {"text", std::string(text)},
                {"logprobs", std::move(logprobs)},
                {"finish_reason", finish_reason == nullptr ? json(nullptr) : json(finish_reason)}};
    }
    bool write(json choice) {
        const std::lock_guard lock(mutex);
        json out = frame();
        out["choices"].push_back(std::move(choice));
        if (request.base.include_usage) out["usage"] = nullptr;
        return !failed && writer.write(sse_data(dump_json(out)));
    }
    void fail(const ApiError& error) {
        const std::lock_guard lock(mutex);
        if (!std::exchange(failed, true) && !writer.send(error_response(error))) {
            writer.write(sse_data(error_body(error)));
        }
    }
};

class StreamedChoice : public AnswerListener {
  public:
    StreamedChoice(Run& run, int index) : run_(run), index_(index) {}
    bool text(std::string_view delta, std::span<const llm::TokenScore> scores) override {
        json logprobs = scores.empty() ? json(nullptr) : legacy_logprobs(scores, offset_);
        return run_.write(run_.choice(index_, delta, std::move(logprobs), nullptr));
    }

  private:
    Run& run_;
    const int index_;
    std::size_t offset_ = 0;
};

/// Continues one prompt once. Empty after a failure, which has been answered.
std::optional<FinishedAnswer> run_choice(App& app, Run& run, int index, const std::stop_token& cancel) {
    const int prompt = index / run.request.base.choices;
    ChatRequest chat = run.request.base;
    chat.generate.prompt_tokens = run.request.prompts[static_cast<std::size_t>(prompt)];
    StreamedChoice streamed(run, index);
    SilentListener silent;
    const std::string& echo = run.request.echoes[static_cast<std::size_t>(prompt)];
    if (chat.stream && !echo.empty()) streamed.text(echo, {});
    AnswerListener& listener = chat.stream ? static_cast<AnswerListener&>(streamed) : silent;
    auto made = make_answer(app, chat, index % chat.choices, listener, cancel);
    if (const auto* error = std::get_if<ApiError>(&made)) {
        run.fail(*error);
        return std::nullopt;
    }
    auto& answer = std::get<FinishedAnswer>(made);
    if (chat.stream) run.write(run.choice(index, "", nullptr, finish_reason_name(answer.finish_reason)));
    return std::move(answer);
}

/// A prompt counts once, however many choices continue it.
llm::Usage usage_of(const std::vector<std::optional<FinishedAnswer>>& answers, int choices) {
    llm::Usage out;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const llm::Usage& usage = answers[i]->usage;
        out.completion_tokens += usage.completion_tokens;
        if (i % static_cast<std::size_t>(choices) != 0) continue;
        out.prompt_tokens += usage.prompt_tokens;
        out.cached_tokens += usage.cached_tokens;
    }
    return out;
}

json whole_choice(const Run& run, int index, const FinishedAnswer& answer) {
    const std::string& echo = run.request.echoes[static_cast<std::size_t>(index / run.request.base.choices)];
    std::size_t offset = 0;
    json logprobs = run.request.base.generate.top_logprobs ? legacy_logprobs(answer.scores, offset) : json(nullptr);
    return run.choice(index, echo + answer.text, std::move(logprobs), finish_reason_name(answer.finish_reason));
}

void send_whole(const Run& run, const std::vector<std::optional<FinishedAnswer>>& answers, const llm::Usage& usage) {
    json out = run.frame();
    for (std::size_t i = 0; i < answers.size(); ++i) {
        out["choices"].push_back(whole_choice(run, static_cast<int>(i), *answers[i]));
    }
    out["usage"] = usage_json(usage);
    run.writer.send(json_response(dump_json(out)));
}

void finish_stream(const Run& run, const llm::Usage& usage) {
    std::string bytes;
    if (run.request.base.include_usage) {
        json last = run.frame();
        last["usage"] = usage_json(usage);
        bytes = sse_data(dump_json(last));
    }
    run.writer.write(bytes.append(kSseDone));
}

std::variant<CompletionRequest, ApiError> decode(App& app, Request& request, const std::stop_token& cancel) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    auto decoded = decode_completion_request(
        request.body, [&](const std::string& name) { return use_model(app.services(), name, cancel); });
    request.body = std::string();
    if (const auto* wanted = std::get_if<CompletionRequest>(&decoded)) {
        if (auto error = check_chat(app, wanted->base)) return *error;
    }
    return decoded;
}

void completions(App& app, Request& request, ResponseWriter& writer) {
    const auto decoded = decode(app, request, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&decoded)) {
        writer.send(error_response(*error));
        return;
    }
    const auto& wanted = std::get<CompletionRequest>(decoded);
    if (wanted.base.stream) writer.begin_sse();
    Run run{wanted, writer};
    std::stop_source stop;
    const std::stop_callback forward(writer.cancelled(), [&] { stop.request_stop(); });
    std::vector<std::optional<FinishedAnswer>> answers(wanted.prompts.size() *
                                                       static_cast<std::size_t>(wanted.base.choices));
    for_each_choice(static_cast<int>(answers.size()), [&](int index) {
        auto& answer = answers[static_cast<std::size_t>(index)];
        answer = run_choice(app, run, index, stop.get_token());
        if (!answer) stop.request_stop();
    });
    if (run.failed) return;
    const llm::Usage usage = usage_of(answers, wanted.base.choices);
    if (wanted.base.stream) return finish_stream(run, usage);
    send_whole(run, answers, usage);
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/completions", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, completions},
};

}  // namespace

std::span<const Route> completion_routes() {
    return kRoutes;
}

}  // namespace hearth::web
