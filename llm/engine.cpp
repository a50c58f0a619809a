#include "llm/engine.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "core/bounded_queue.h"
#include "llm/constraint.h"
#include "llm/generation.h"
#include "llm/model_loader.h"
#include "llm/prefix_cache.h"
#include "llm/prompt.h"
#include "llm/token_scores.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

/// Sequences whose KV blocks are remembered: a few conversations and an agent's steps.
constexpr std::size_t kRememberedSequences = 8;

/// A request in the queue. The caller waits in wait(); what it points to lives on the caller's stack until then, so
/// the worker must claim() the job before it touches the request.
class Job {
  public:
    Job(const GenerateRequest& request, const TextSink& sink, Constraint constraint, std::vector<std::int32_t> prompt)
        : request_(request),
          sink_(sink),
          constraint_(std::move(constraint)),
          prompt_(std::move(prompt)),
          queued_at_(Clock::now()) {}

    /// Requested by the caller's token or by the engine's end.
    std::stop_source stop;

    /// Worker: false when the caller has gone.
    bool claim() {
        const std::lock_guard lock(mutex_);
        if (state_ == State::kAbandoned) return false;
        state_ = State::kRunning;
        return true;
    }

    /// Worker, after claim().
    /// The caller's sink may throw, and memory may run out: that ends the request, not the process.
    Result<Completion> run(LoadedModel& model, PrefixCache& cache) {
        try {
            return generate(model, cache);
        } catch (const std::bad_alloc&) {
            return Error(ErrorCode::kResourceExhausted, "no memory was left for this request");
        } catch (const std::exception& failure) {
            return Error(ErrorCode::kInternal, std::string("the request failed: ") + failure.what());
        }
    }

    /// Worker: the last touch.
    void finish(Result<Completion> result) {
        {
            const std::lock_guard lock(mutex_);
            result_.emplace(std::move(result));
        }
        changed_.notify_all();
    }

    /// Caller: the result; a job still in the queue is left there when `cancel` is requested.
    Result<Completion> wait(const std::stop_token& cancel) {
        const std::stop_callback wake(cancel, [this] {
            { const std::lock_guard lock(mutex_); }  // not between the waiter's test and its sleep
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait(lock,
                      [&] { return result_.has_value() || (state_ == State::kQueued && cancel.stop_requested()); });
        if (result_.has_value()) return std::move(*result_);
        state_ = State::kAbandoned;
        Completion cancelled;
        cancelled.finish_reason = FinishReason::kCancelled;
        return cancelled;
    }

  private:
    enum class State { kQueued, kRunning, kAbandoned };

    Result<Completion> generate(LoadedModel& model, PrefixCache& cache) {
        const double queued = std::chrono::duration<double>(Clock::now() - queued_at_).count();
        auto done = Generation(model, cache, request_, constraint_, std::move(prompt_), sink_, stop.get_token()).run();
        if (done.ok()) done.value().usage.queue_seconds = queued;
        return done;
    }

    const GenerateRequest& request_;
    const TextSink& sink_;
    const Constraint constraint_;
    std::vector<std::int32_t> prompt_;
    const Clock::time_point queued_at_;

    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::kQueued;
    std::optional<Result<Completion>> result_;
};

class Engine : public TextModel {
  public:
    Engine(std::unique_ptr<LoadedModel> model, int max_queue)
        : model_(std::move(model)),
          cache_(kRememberedSequences),
          max_queue_(max_queue),
          queue_(static_cast<std::size_t>(max_queue)),
          worker_([this] { work(); }) {}

    ~Engine() override {
        shutdown_.request_stop();
        queue_.close();
        worker_.join();
    }

    const ModelInfo& info() const override { return model_->info; }

    Result<Completion> generate(const GenerateRequest& request, const TextSink& sink, std::stop_token cancel) override {
        HEARTH_TRY(Constraint constraint, compile_constraint(request));
        HEARTH_TRY(std::vector<std::int32_t> prompt, build_prompt(*model_, request));
        HEARTH_TRY_STATUS(check_length(prompt.size()));
        const auto job = std::make_shared<Job>(request, sink, std::move(constraint), std::move(prompt));
        const std::stop_callback forward_cancel(cancel, [job] { job->stop.request_stop(); });
        if (!queue_.try_push(std::shared_ptr<Job>(job))) {
            return Error(ErrorCode::kResourceExhausted,
                         std::to_string(max_queue_) + " requests are waiting for the model; try again later");
        }
        auto result = job->wait(cancel);
        queue_.remove(job);  // when it left without running, its place is free at once
        return result;
    }

    Result<int> count_prompt_tokens(const GenerateRequest& request) override {
        HEARTH_TRY(const std::vector<std::int32_t> prompt, build_prompt(*model_, request));
        return static_cast<int>(prompt.size());
    }

    Result<std::string> render_prompt(const GenerateRequest& request) const override {
        return prompt_text(*model_, request);
    }

    std::vector<int> tokenize(std::string_view text, bool allow_special) const override {
        return model_->tokenizer->encode(text, allow_special);
    }

    Result<std::string> detokenize(std::span<const int> ids) const override {
        HEARTH_TRY_STATUS(check_token_ids(*model_->tokenizer, ids));
        std::string out;
        for (const int id : ids) out += token_spelling(*model_->tokenizer, id);
        return out;
    }

  private:
    Status check_length(std::size_t prompt_tokens) const {
        if (prompt_tokens == 0) return Error(ErrorCode::kInvalidArgument, "the prompt is empty");
        const auto context = static_cast<std::size_t>(model_->info.context_tokens);
        if (prompt_tokens < context) return {};
        return Error(ErrorCode::kInvalidArgument, "the prompt has " + std::to_string(prompt_tokens) +
                                                      " tokens, but the context holds " + std::to_string(context) +
                                                      " with the answer: shorten the prompt or raise the context size");
    }

    void work() {
        while (std::optional<std::shared_ptr<Job>> next = queue_.pop()) {
            Job& job = **next;
            if (!job.claim()) continue;
            const std::stop_callback stop_with_engine(shutdown_.get_token(), [&job] { job.stop.request_stop(); });
            job.finish(job.run(*model_, cache_));
        }
    }

    const std::unique_ptr<LoadedModel> model_;
    PrefixCache cache_;
    const int max_queue_;
    BoundedQueue<std::shared_ptr<Job>> queue_;
    std::stop_source shutdown_;
    std::thread worker_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<TextModel>> open_text_model(const EngineOptions& options, MemoryLedger& ledger,
                                                   const LoadProgress& progress) {
    if (options.max_queue < 1) return Error(ErrorCode::kInvalidArgument, "max_queue must be at least 1");
    HEARTH_TRY(std::unique_ptr<LoadedModel> model, load_model(options, ledger, progress));
    return std::unique_ptr<TextModel>(std::make_unique<Engine>(std::move(model), options.max_queue));
}

}  // namespace hearth::llm
