#include "web/answering.h"

#include <algorithm>

#include "llm/grammar.h"
#include "web/answer_meter.h"
#include "web/model_use.h"
#include "web/receipts/receipt.h"
#include "web/stop_filter.h"

namespace hearth::web {
namespace {

using Outcome = std::variant<FinishedAnswer, ApiError>;

ApiError cancelled_error() {
    return {503, "the answer was stopped before it was complete", "overloaded", {}, "cancelled", {}};
}

/// Text on its way to the listener: up to the first stop string, with the scores of its tokens beside it.
class Shown {
  public:
    /// The first `skipped` bytes are the client's own and not shown again.
    Shown(std::vector<std::string> stops, std::size_t skipped, AnswerListener& listener)
        : filter_(std::move(stops)), skipped_(skipped), listener_(listener) {}

    void score(const llm::TokenScore& score) { scores_.push_back(score); }
    /// False: no more text is wanted.
    bool push(std::string_view delta) {
        const std::size_t cut = std::min(skipped_, delta.size());
        skipped_ -= cut;
        return show(filter_.push(delta.substr(cut))) && !filter_.stopped();
    }
    /// What is still held back; true when the client is still there.
    bool flush() { return show(filter_.flush()); }

    bool stopped() const noexcept { return filter_.stopped(); }
    /// What remains to be told once the text is complete.
    void into(FinishedAnswer& out) {
        scores_.resize(handed_over_);
        out.scores = std::move(scores_);
        out.text = std::move(text_);
        out.stop_string = filter_.matched();
    }

  private:
    bool show(const std::string& visible) {
        if (visible.empty()) return true;
        text_ += visible;
        const std::size_t first = handed_over_;
        while (handed_over_ < scores_.size() && token_start_ < text_.size()) {
            token_start_ += scores_[handed_over_++].chosen.bytes.size();
        }
        return listener_.text(visible, std::span(scores_).subspan(first, handed_over_ - first));
    }

    StopFilter filter_;
    std::size_t skipped_;
    AnswerListener& listener_;
    std::string text_;
    std::vector<llm::TokenScore> scores_;
    std::size_t handed_over_ = 0;
    std::size_t token_start_ = 0;  ///< byte of the text where the next token to hand over begins
};

/// The first call of a strict tool whose arguments are not as its schema wants them; null when there is none.
const llm::ToolCall* broken_strict_call(const ChatRequest& chat, const std::vector<llm::ToolCall>& calls) {
    for (const llm::ToolCall& call : calls) {
        const auto& strict = chat.strict_tools;
        if (std::find(strict.begin(), strict.end(), call.name) == strict.end()) continue;
        for (const llm::ToolDefinition& tool : chat.generate.tools) {
            if (tool.name != call.name || tool.parameters.empty()) continue;
            if (!llm::validate_json(call.arguments, tool.parameters).ok()) return &call;
        }
    }
    return nullptr;
}

/// A free model may miss the schema of a strict tool. It is made to call that one again, under its grammar.
Status repair_calls(const ChatRequest& chat, llm::GenerateRequest request, llm::TextModel& model,
                    const std::stop_token& cancel, llm::Completion& completion) {
    const llm::ToolCall* broken = broken_strict_call(chat, completion.tool_calls);
    if (broken == nullptr) return {};
    request.tool_choice = llm::ToolChoice::kNamed;
    request.tool_name = broken->name;
    request.token_sink = {};
    request.thought_sink = {};
    HEARTH_TRY(llm::Completion forced,
               model.generate(
                   request, [&](std::string_view) { return !cancel.stop_requested(); }, cancel));
    completion.tool_calls = std::move(forced.tool_calls);
    completion.finish_reason = forced.finish_reason;
    completion.usage.completion_tokens += forced.usage.completion_tokens;
    completion.usage.decode_seconds += forced.usage.decode_seconds;
    return {};
}

llm::GenerateRequest generate_request(const ChatRequest& chat, int choice, const llm::TextModel& model) {
    llm::GenerateRequest out = chat.generate;
    if (!chat.raw_prompt.empty()) out.prompt_tokens = model.tokenize(chat.raw_prompt, true);
    out.stop.clear();  // the listener's text is filtered here, which also tells which of them it was
    if (out.sampling.seed) *out.sampling.seed += static_cast<std::uint64_t>(choice);
    return out;
}

Outcome plain_answer(const ChatRequest& chat, int choice, llm::TextModel& model, AnswerListener& listener,
                     const std::stop_token& cancel, AnswerMeter& meter) {
    llm::GenerateRequest request = generate_request(chat, choice, model);
    Shown shown(chat.generate.stop, request.assistant_prefix.size(), listener);
    if (request.top_logprobs) request.token_sink = [&](const llm::TokenScore& score) { shown.score(score); };
    request.thought_sink = [&](std::string_view delta) {
        meter.text();
        listener.thought(delta);  // a client that has left cancels the request by itself
    };
    const auto sink = [&](std::string_view delta) {
        meter.text();
        return shown.push(delta) && !cancel.stop_requested();
    };
    auto completion = model.generate(request, sink, cancel);
    if (!completion.ok()) return engine_error(completion.error(), request, model);
    const bool cancelled = completion->finish_reason == llm::FinishReason::kCancelled && !shown.stopped();
    if (cancelled || !shown.flush()) return cancelled_error();
    if (const Status repaired = repair_calls(chat, request, model, cancel, *completion); !repaired.ok()) {
        return api_error(repaired.error());
    }
    FinishedAnswer out;
    out.tool_calls = std::move(completion->tool_calls);
    if (!chat.parallel_tool_calls && out.tool_calls.size() > 1) out.tool_calls.resize(1);
    out.finish_reason = shown.stopped() ? llm::FinishReason::kStop : completion->finish_reason;
    if (out.finish_reason == llm::FinishReason::kCancelled) return cancelled_error();
    out.thought = std::move(completion->thought);
    out.usage = completion->usage;
    shown.into(out);
    return out;
}

agents::AskRequest ask_request(const ChatRequest& chat, int choice, const ModelUse& model) {
    agents::AskRequest ask;
    ask.model = model;
    ask.messages = chat.generate.messages;
    ask.collection = chat.collection;
    ask.path = chat.path;
    ask.type = chat.type;
    ask.sampling = chat.generate.sampling;
    if (ask.sampling.seed) *ask.sampling.seed += static_cast<std::uint64_t>(choice);
    settle_seed(ask.sampling);
    ask.max_tokens = chat.generate.max_tokens;
    return ask;
}

/// The answer as far as the stop strings let it be seen: its text, and the citations in that.
void cut_answer(agents::Answer& answer, const std::string& shown) {
    answer.text = shown;
    std::erase_if(answer.citations, [&](const agents::CitationMark& mark) { return mark.end > shown.size(); });
    answer.finish_reason = llm::FinishReason::kStop;
}

Outcome document_answer(const ChatRequest& chat, int choice, agents::Agent& agent, const ModelUse& model,
                        AnswerListener& listener, const std::stop_token& cancel, AnswerMeter& meter) {
    Shown shown(chat.generate.stop, 0, listener);
    const agents::EventSink sink = [&](const agents::Event& event) {
        if (cancel.stop_requested()) return false;
        const auto* delta = std::get_if<agents::DeltaEvent>(&event);
        if (delta == nullptr) return listener.event(event);
        meter.text();
        return shown.push(delta->text);
    };
    agents::AskRequest ask = ask_request(chat, choice, model);
    auto answer = agent.ask(ask, sink, cancel);
    if (!answer.ok()) return engine_error(answer.error(), chat.generate, *model);
    const bool cancelled = answer->finish_reason == llm::FinishReason::kCancelled && !shown.stopped();
    if (cancelled || cancel.stop_requested() || !shown.flush()) return cancelled_error();
    FinishedAnswer out;
    shown.into(out);
    if (out.stop_string.empty())
        out.asked = std::move(ask);
    else
        cut_answer(*answer, out.text);
    out.finish_reason = answer->finish_reason;
    out.usage = answer->usage;
    out.from_documents = std::move(*answer);
    return out;
}

bool has_user_message(const ChatRequest& chat) {
    const auto& messages = chat.generate.messages;
    return std::any_of(messages.begin(), messages.end(),
                       [](const llm::Message& message) { return message.role == llm::Role::kUser; });
}

}  // namespace

ApiError engine_error(const Error& error, const llm::GenerateRequest& request, llm::TextModel& model) {
    ApiError out = api_error(error);
    if (error.code != ErrorCode::kInvalidArgument) return out;
    const auto tokens = model.count_prompt_tokens(request);
    const int context = model.info().context_tokens;
    if (!tokens.ok() || *tokens < context) return out;
    out = bad_request("the prompt has " + std::to_string(*tokens) +
                          " tokens, but this model's maximum context length is " + std::to_string(context) +
                          " tokens, answer included: shorten it, or raise models.context_tokens",
                      request.prompt_tokens.empty() ? "messages" : "prompt");
    out.code = "context_length_exceeded";
    return out;
}

std::optional<ApiError> check_chat(const App& app, const ChatRequest& chat) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    if (auto error = check_model_name(app.services(), chat.model)) return error;
    if (chat.from_documents && !has_user_message(chat)) {
        return bad_request("'messages' needs a user message: the question", "messages");
    }
    return std::nullopt;
}

bool prepare_answer(App& app, Request& request, ResponseWriter& writer, std::variant<ChatRequest, ApiError> decoded,
                    StreamKind kind) {
    request.body = std::string();  // the typed request holds all of it; an answer may take minutes
    std::optional<ApiError> error;
    if (auto* refused = std::get_if<ApiError>(&decoded)) {
        error = std::move(*refused);
    } else {
        request.chat = std::make_shared<ChatRequest>(std::move(std::get<ChatRequest>(decoded)));
        error = check_chat(app, *request.chat);
    }
    if (error) {
        writer.send(error_response(*error));
        return false;
    }
    if (request.chat->stream) writer.begin_stream(kind);
    return true;
}

Outcome make_answer(App& app, const ChatRequest& chat, int choice, AnswerListener& listener, std::stop_token cancel) {
    const Services services = app.services();
    if (services.model == nullptr || cancel.stop_requested())
        return cancelled_error();  // stopped while this one waited
    const App::BusyScope busy(app);
    AnswerMeter meter(app.metrics(), cancel);
    const auto used = use_model(services, chat.model, cancel, chat.keep_loaded);
    if (cancel.stop_requested()) return cancelled_error();
    if (const auto* error = std::get_if<ApiError>(&used)) return *error;
    const ModelUse& model = std::get<ModelUse>(used);
    Outcome out = chat.from_documents ? document_answer(chat, choice, *services.agent, model, listener, cancel, meter)
                                      : plain_answer(chat, choice, *model, listener, cancel, meter);
    if (const auto* answer = std::get_if<FinishedAnswer>(&out)) meter.done(answer->usage);
    return out;
}

}  // namespace hearth::web
