// One answer, whoever gives it: the documents' agent or the plain engine. Every dialect's chat route runs through here.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/app.h"
#include "web/chat_request.h"

namespace hearth::web {

/// What a dialect does with an answer while it is made. Calls come one after another, on the thread of make_answer().
/// Returning false cancels.
class AnswerListener {
  public:
    virtual ~AnswerListener() = default;
    /// `scores`: of the tokens that begin in the text so far and were not handed over before.
    virtual bool text(std::string_view delta, std::span<const llm::TokenScore> scores) = 0;
    /// What a model thinks before the text, when it was asked to.
    virtual void thought(std::string_view) {}
    /// From the agent; never a DeltaEvent.
    virtual bool event(const agents::Event&) { return true; }
};

/// For replies that are sent whole.
class SilentListener : public AnswerListener {
    bool text(std::string_view, std::span<const llm::TokenScore>) override { return true; }
};

struct FinishedAnswer {
    std::string thought;
    std::string text;  ///< what the listener was given, concatenated
    std::vector<llm::ToolCall> tool_calls;
    std::vector<llm::TokenScore> scores;  ///< of the text's tokens, when they were asked for
    llm::FinishReason finish_reason = llm::FinishReason::kStop;
    std::string stop_string;  ///< the one that ended the text; empty = none did
    llm::Usage usage;
    std::optional<agents::Answer> from_documents;  ///< cut like `text`
    std::optional<agents::AskRequest> asked;       ///< what the agent was asked, seed included, when nothing was cut
};

/// What an engine or agent said, for the request that it was asked: a prompt that is longer than the context is told
/// with the numbers, the setting that raises the limit and the code that clients look for.
ApiError engine_error(const Error& error, const llm::GenerateRequest& request, llm::TextModel& model);

/// What is wrong with the request before a model has seen it: nothing loaded, no such model, no question.
std::optional<ApiError> check_chat(const App& app, const ChatRequest& chat);

/// The first step of a chat route: keeps the decoded request, or answers with what is wrong with it; declares the
/// stream that it asks for. False when it has answered.
bool prepare_answer(App& app, Request& request, ResponseWriter& writer, std::variant<ChatRequest, ApiError> decoded,
                    StreamKind kind);

/// Blocks until the answer is complete. `choice` moves the seed. A prompt longer than the context is a 400 with the
/// numbers and the setting; an answer that was cancelled is a 503.
std::variant<FinishedAnswer, ApiError> make_answer(App& app, const ChatRequest& chat, int choice,
                                                   AnswerListener& listener, std::stop_token cancel);

}  // namespace hearth::web
