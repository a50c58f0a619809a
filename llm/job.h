// A request between the thread that asks and the engine's thread: pieces of the answer one way, cancellation the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "llm/constraint.h"
#include "llm/lora.h"
#include "llm/types.h"

namespace hearth::llm {

struct Prompt {
    std::vector<std::int32_t> tokens;
    bool opens_thought = false;  ///< the answer begins inside a thought
};

/// Owns copies of all it needs, so that either side may leave first.
class Job {
  public:
    /// `lora` may be null. `wake` is called on the caller's thread when the engine has something to look at; it
    /// outlives the job.
    Job(const GenerateRequest& request, Constraint constraint, Prompt prompt, std::shared_ptr<const Lora> lora,
        std::function<void()> wake);

    const GenerateRequest& request() const { return request_; }  ///< without the messages: `prompt` says it all
    const Constraint& constraint() const { return constraint_; }
    const Prompt& prompt() const { return prompt_; }
    const Lora* lora() const { return lora_.get(); }
    std::uint64_t lora_key() const { return lora_ != nullptr ? lora_->key() : 0; }

    // The engine's thread.

    /// The answer is in work from here on. Returns the seconds waited since the job was made (or since the first call).
    double start();
    void give_text(std::string_view text);
    void give_thought(std::string_view thought);
    void give_score(const TokenScore& score);
    bool cancelled() const;
    /// The caller takes what it is given too slowly: the job should pause.
    bool reader_behind() const;
    void finish(Result<Completion> result);

    // The caller's thread.

    /// Gives the pieces to the sinks until the answer is complete. A job that is not started yet leaves at once when
    /// `cancel` is requested.
    Result<Completion> wait(const TextSink& sink, const std::stop_token& cancel);

  private:
    using Clock = std::chrono::steady_clock;
    struct Thought {
        std::string text;
    };
    using Piece = std::variant<std::string, Thought, TokenScore>;

    void cancel();
    void give(Piece piece);
    void deliver(const std::vector<Piece>& pieces, const TextSink& sink);
    void deliver(const Piece& piece, const TextSink& sink);
    Result<Completion> take_result();
    /// kCancelled, with the text that was given out.
    Completion abandoned() const;

    GenerateRequest request_;
    const Constraint constraint_;
    const Prompt prompt_;
    const std::shared_ptr<const Lora> lora_;
    const std::function<void()> wake_;
    const Clock::time_point made_at_ = Clock::now();
    std::string delivered_, delivered_thought_;  // the caller's thread only
    std::optional<Error> sink_failure_;          // the caller's thread only

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Piece> outbox_;
    double queued_seconds_ = -1;  // negative: not started
    bool cancelled_ = false;
    std::optional<Result<Completion>> result_;
};

}  // namespace hearth::llm
