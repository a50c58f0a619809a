// Decides what the model computes next: which requests are in work, which of their tokens go into a step, and who gives
// way when KV blocks run out. Continuous batching with chunked prefill (Orca, OSDI 2022; Sarathi, arXiv 2308.16369).
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "llm/generation.h"
#include "llm/job.h"
#include "llm/model_loader.h"
#include "llm/prefix_cache.h"
#include "llm/step_turns.h"
#include "llm/types.h"

namespace hearth::llm {

struct SchedulerOptions {
    int max_parallel = 8;
    std::chrono::milliseconds reader_timeout{30000};
    StepTurns* turns = nullptr;  ///< null: no other engine shares the cores
};

/// Used from the engine's thread only. The model outlives it.
///
/// A step takes one token (and its draft) of every answer being decoded, then as much of the waiting prompts as keeps
/// the step short. Interactive requests are admitted first; while one is in work, background requests stand still. A
/// request is admitted when its tokens fit into free and evictable blocks. When a running one needs a block and none
/// can be evicted, the youngest of the lowest priority is put back to the front of the queue: its blocks go to the
/// prefix cache, and what is lost of them is computed again.
class Scheduler {
  public:
    Scheduler(LoadedModel& model, const SchedulerOptions& options);

    void submit(std::shared_ptr<Job> job);

    /// Computes one step. False when there is nothing to compute now: no request, all readers are behind, or another
    /// engine's work goes first.
    bool step(const std::stop_token& stop);

    /// Ends every request as cancelled.
    void cancel_all();

    bool empty() const { return running_.empty() && waiting_.empty(); }
    EngineStats stats() const;

  private:
    using Clock = std::chrono::steady_clock;

    /// A request in work or in the queue.
    struct Task {
        std::shared_ptr<Job> job;
        std::unique_ptr<Generation> generation;         // null until it is admitted first
        std::optional<Clock::time_point> behind_since;  // set while the reader is behind: the task stands still
        Priority priority() const { return job->request().priority; }
        bool can_go() const { return !behind_since; }
    };
    struct Planned {
        Generation* generation;
        int tokens;
    };

    void drop_cancelled();
    void watch_readers();
    void admit();
    bool can_start(const Task& task) const;
    void start(Task task);
    /// Puts the youngest running task back into the queue.
    void put_back();
    void remember(const Generation& generation);

    /// Of the next step; nothing when no request can go on.
    std::optional<Priority> next_priority() const;
    void plan_step(Priority priority);
    /// Tokens of prompts that the next step may hold.
    int prompt_budget(int answers) const;
    bool plan(std::size_t index, int tokens);
    bool make_room(std::size_t index, int tokens);
    void compute(const std::stop_token& stop);
    void hand_out(std::span<const SequenceStep> steps);
    void retire_finished();
    void measure(double seconds, int prompt_tokens);

    LoadedModel& model_;
    const SchedulerOptions options_;
    std::optional<StepTurns::Member> turn_;
    PrefixCache cache_;
    std::vector<Task> running_;  // interactive before background, each in the order of admission
    std::deque<Task> waiting_;   // likewise, in the order of arrival
    std::vector<Planned> planned_;
    std::vector<float> logits_;
    double seconds_per_prompt_token_ = 0;  // moving average over steps with prompts; 0 = none yet
    EngineStats counters_;
};

}  // namespace hearth::llm
