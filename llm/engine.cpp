#include "llm/engine.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "llm/constraint.h"
#include "llm/job.h"
#include "llm/model_loader.h"
#include "llm/prompt.h"
#include "llm/scheduler.h"
#include "llm/step_turns.h"
#include "llm/token_scores.h"

namespace hearth::llm {
namespace {

/// While requests are there but none can go on, how often their readers are looked at again.
constexpr std::chrono::milliseconds kReaderCheck{20};

class Engine : public TextModel {
  public:
    Engine(std::unique_ptr<LoadedModel> model, const EngineOptions& options)
        : model_(std::move(model)),
          capacity_(options.max_queue + options.max_parallel),
          max_queue_(options.max_queue),
          turns_(options.turns),
          scheduler_(*model_, {options.max_parallel, options.reader_timeout, turns_.get()}),
          worker_([this](const std::stop_token& stop) { work(stop); }) {}

    const ModelInfo& info() const override { return model_->info; }

    Result<Completion> generate(const GenerateRequest& request, const TextSink& sink, std::stop_token cancel) override {
        HEARTH_TRY(Constraint constraint, compile_constraint(request));
        HEARTH_TRY(Prompt prompt, build_prompt(*model_, request));
        HEARTH_TRY_STATUS(check_length(prompt.tokens.size()));
        HEARTH_TRY(std::shared_ptr<const Lora> lora, model_->adapters->get(request.adapter));
        const auto job = std::make_shared<Job>(request, std::move(constraint), std::move(prompt), std::move(lora),
                                               [this] { wake_worker(); });
        {
            const std::lock_guard lock(mutex_);
            if (in_flight_ >= capacity_) {
                return Error(ErrorCode::kResourceExhausted,
                             std::to_string(max_queue_) + " requests are waiting for the model; try again later");
            }
            ++in_flight_;
            inbox_.push_back(job);
        }
        wake_worker();
        auto result = job->wait(sink, cancel);
        const std::lock_guard lock(mutex_);
        --in_flight_;
        std::erase(inbox_, job);  // who leaves before the worker has looked leaves nothing behind
        return result;
    }

    Result<int> count_prompt_tokens(const GenerateRequest& request) override {
        HEARTH_TRY(const Prompt prompt, build_prompt(*model_, request));
        return static_cast<int>(prompt.tokens.size());
    }

    Result<std::string> render_prompt(const GenerateRequest& request) const override {
        return prompt_text(*model_, request);
    }

    EngineStats stats() const override {
        const std::lock_guard lock(mutex_);
        return stats_;
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
        return Error(ErrorCode::kInvalidArgument,
                     "the prompt has " + std::to_string(prompt_tokens) +
                         " tokens, but this model's maximum context length is " + std::to_string(context) +
                         " tokens, answer included: shorten the prompt or raise the context size");
    }

    void wake_worker() {
        {
            const std::lock_guard lock(mutex_);
            woken_ = true;
        }
        changed_.notify_one();
    }

    void work(const std::stop_token& stop) {
        bool computed = false;
        while (!stop.stop_requested()) {
            for (std::shared_ptr<Job>& job : wait_for_work(stop, computed)) scheduler_.submit(std::move(job));
            computed = scheduler_.step(stop);
            const std::lock_guard lock(mutex_);
            stats_ = scheduler_.stats();
        }
        for (std::shared_ptr<Job>& job : wait_for_work(stop, true)) scheduler_.submit(std::move(job));
        scheduler_.cancel_all();
    }

    /// Returns at once after a step that computed something: there may be another.
    std::vector<std::shared_ptr<Job>> wait_for_work(const std::stop_token& stop, bool computed) {
        std::unique_lock lock(mutex_);
        const auto woken = [this] { return woken_; };
        if (!computed && scheduler_.empty()) {
            changed_.wait(lock, stop, woken);
        } else if (!computed) {
            changed_.wait_for(lock, stop, kReaderCheck, woken);
        }
        woken_ = false;
        return std::exchange(inbox_, {});
    }

    const std::unique_ptr<LoadedModel> model_;
    const int capacity_;
    const int max_queue_;
    const std::shared_ptr<StepTurns> turns_;
    Scheduler scheduler_;  // the worker's

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<std::shared_ptr<Job>> inbox_;
    bool woken_ = false;
    int in_flight_ = 0;
    EngineStats stats_;

    std::jthread worker_;  // last: it uses all of the above
};

}  // namespace

std::shared_ptr<StepTurns> make_step_turns() {
    return std::make_shared<StepTurns>();
}

Result<std::unique_ptr<TextModel>> open_text_model(const EngineOptions& options, MemoryLedger& ledger,
                                                   const LoadProgress& progress, const std::stop_token& cancel) {
    if (options.max_queue < 1) return Error(ErrorCode::kInvalidArgument, "max_queue must be at least 1");
    if (options.max_parallel < 1 || options.max_parallel > kMaxParallel) {
        return Error(ErrorCode::kInvalidArgument, "max_parallel must be from 1 to " + std::to_string(kMaxParallel));
    }
    HEARTH_TRY(std::unique_ptr<LoadedModel> model, load_model(options, ledger, progress, cancel));
    return std::unique_ptr<TextModel>(std::make_unique<Engine>(std::move(model), options));
}

}  // namespace hearth::llm
