// POST /v1/chat/completions: answers from the documents by the agent, or plain generation with the client's tools.
#include <ctime>
#include <mutex>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "web/answering.h"
#include "web/chat_reply.h"
#include "web/choices.h"
#include "web/receipts/receipt.h"
#include "web/routes.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json event_json(const agents::StepEvent& step) {
    return {{"event", "step"}, {"label", step.label}};
}
json event_json(const agents::ToolEvent& tool) {
    json out = to_json(tool.trace);
    out["event"] = "tool";
    return out;
}
json event_json(const agents::SourcesEvent& sources) {
    return {{"event", "sources"}, {"found", sources.found}, {"sources", sources_json(sources.sources)}};
}
json event_json(const agents::DeltaEvent&) {
    return json::object();  // arrives as text
}

/// One choice on its way into the stream; silent when the reply is whole.
class ChoiceListener : public AnswerListener {
  public:
    ChoiceListener(ChunkStream* stream, int choice) : stream_(stream), choice_(choice) {}
    bool text(std::string_view delta, std::span<const llm::TokenScore> scores) override {
        return stream_ == nullptr || stream_->text(choice_, delta, scores);
    }
    void thought(std::string_view delta) override {
        if (stream_ != nullptr) stream_->thought(choice_, delta);
    }
    bool event(const agents::Event& event) override {
        if (stream_ == nullptr) return true;
        return stream_->event(choice_, std::visit([](const auto& one) { return event_json(one); }, event));
    }

  private:
    ChunkStream* const stream_;
    const int choice_;
};

/// What one choice's message holds besides role and content.
json message_extras(const FinishedAnswer& answer, const std::string& base) {
    json out = json::object();
    if (answer.from_documents) {
        out["annotations"] = annotations_json(*answer.from_documents, base);
    }
    return out;
}

json whole_choice(int index, const FinishedAnswer& answer, const ChatRequest& chat, const std::string& base) {
    json message = message_extras(answer, base);
    const bool calls = !answer.tool_calls.empty();
    message["content"] = calls && answer.text.empty() ? json(nullptr) : json(answer.text);
    if (!answer.thought.empty()) message["reasoning_content"] = answer.thought;
    if (calls) message["tool_calls"] = tool_calls_json(answer.tool_calls);
    if (answer.from_documents) message["hearth"] = answer_json(*answer.from_documents);
    json logprobs = chat.generate.top_logprobs ? logprobs_json(answer.scores) : json(nullptr);
    return choice_json(index, std::move(message), answer.finish_reason, std::move(logprobs));
}

void finish_choice(ChunkStream& stream, int choice, const FinishedAnswer& answer, const std::string& base) {
    if (!answer.tool_calls.empty()) stream.tool_calls(choice, answer.tool_calls);
    const json hearth = answer.from_documents ? answer_json(*answer.from_documents) : json::object();
    stream.finish(choice, message_extras(answer, base), hearth, answer.finish_reason);
}

/// The prompt counts once: the choices share it.
llm::Usage usage_of(const std::vector<std::optional<FinishedAnswer>>& answers) {
    llm::Usage out = answers.front()->usage;
    for (std::size_t i = 1; i < answers.size(); ++i) {
        out.completion_tokens += answers[i]->usage.completion_tokens;
        out.thought_tokens += answers[i]->usage.thought_tokens;
    }
    return out;
}

/// All choices, or the first failure, which stops the others.
std::variant<std::vector<std::optional<FinishedAnswer>>, ApiError> make_choices(App& app, const ChatRequest& chat,
                                                                                const ReplyIdentity& identity,
                                                                                ChunkStream* stream,
                                                                                const std::string& base,
                                                                                const std::stop_token& cancelled) {
    std::vector<std::optional<FinishedAnswer>> answers(static_cast<std::size_t>(chat.choices));
    std::optional<ApiError> failure;
    std::mutex mutex;
    std::stop_source stop;
    const std::stop_callback forward(cancelled, [&] { stop.request_stop(); });
    for_each_choice(chat.choices, [&](int choice) {
        ChoiceListener listener(stream, choice);
        auto outcome = make_answer(app, chat, choice, listener, stop.get_token());
        if (auto* error = std::get_if<ApiError>(&outcome)) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::move(*error);
            stop.request_stop();
            return;
        }
        auto& answer = answers[static_cast<std::size_t>(choice)].emplace(std::get<FinishedAnswer>(std::move(outcome)));
        // Before the client sees the end: it may ask for the receipt at once.
        if (choice == 0 && answer.asked) keep_receipt(app, identity.id, *answer.asked, *answer.from_documents);
        if (stream != nullptr) finish_choice(*stream, choice, answer, base);
    });
    if (failure) return *failure;
    return answers;
}

bool prepare_chat(App& app, Request& request, ResponseWriter& writer) {
    return prepare_answer(app, request, writer, decode_chat_request(request.body), StreamKind::kSse);
}

void chat_completions(App& app, Request& request, ResponseWriter& writer) {
    if (request.chat == nullptr && !prepare_chat(app, request, writer)) return;
    const ChatRequest& chat = *request.chat;
    const ReplyIdentity identity{"chatcmpl-" + random_hex(12), std::time(nullptr), chat.model};
    const std::string base = base_url(request);
    std::optional<ChunkStream> stream;
    if (chat.stream) stream.emplace(writer, identity, chat.include_usage, chat.choices);
    auto made = make_choices(app, chat, identity, stream ? &*stream : nullptr, base, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&made)) {
        if (stream) return stream->fail(*error);
        writer.send(error_response(*error));
        return;
    }
    const auto& answers = std::get<0>(made);
    const llm::Usage usage = usage_of(answers);
    if (stream) {
        stream->done(usage);
        return;
    }
    json choices = json::array();
    for (int i = 0; i < chat.choices; ++i) {
        choices.push_back(whole_choice(i, *answers[static_cast<std::size_t>(i)], chat, base));
    }
    json reply = completion_json(identity, std::move(choices), usage);
    const json& message = reply["choices"][0]["message"];
    if (message.contains("hearth")) reply["hearth"] = message["hearth"];
    writer.send(json_response(dump_json(reply)));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/chat/completions", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, chat_completions,
     prepare_chat},
};

}  // namespace

std::span<const Route> chat_routes() {
    return kRoutes;
}

}  // namespace hearth::web
