#include "llm/scheduler.h"

#include <algorithm>
#include <new>

#include "core/check.h"

namespace hearth::llm {
namespace {

/// A step that holds prompts lasts about so long: it is how long others wait for their next token, and how soon a
/// cancelled prompt stops.
constexpr double kStepSecondsBesideAnswers = 0.06;
constexpr double kStepSecondsAlone = 0.5;
/// Before the first measurement, and never less: the kernels work on 8 tokens at a time.
constexpr int kFirstPromptTokens = 64;
constexpr int kLeastPromptTokens = 32;
/// How long a background step waits for its turn before the queue is looked at again.
constexpr std::chrono::milliseconds kTurnPatience{20};
/// Rows of several answers and their drafts that one pass over the weights serves well.
constexpr int kSharedAnswerRows = 8;

int blocks_for(std::size_t tokens) {
    return static_cast<int>((tokens + kKvBlockTokens - 1) / kKvBlockTokens);
}

/// Where a task of `priority` joins: behind its equals, or before them when it was there already.
template <typename Tasks>
auto place_for(Tasks& tasks, Priority priority, bool before_equals) {
    return std::find_if(tasks.begin(), tasks.end(), [&](const auto& other) {
        return before_equals ? other.priority() >= priority : other.priority() > priority;
    });
}

}  // namespace

Scheduler::Scheduler(LoadedModel& model, const SchedulerOptions& options)
    : model_(model), options_(options), cache_(*model.kv_pool) {
    if (options.turns != nullptr) turn_.emplace(*options.turns);
}

void Scheduler::submit(std::shared_ptr<Job> job) {
    Task task{std::move(job), nullptr, {}};
    waiting_.insert(place_for(waiting_, task.priority(), false), std::move(task));
}

bool Scheduler::step(const std::stop_token& stop) {
    drop_cancelled();
    watch_readers();
    admit();
    const auto priority = next_priority();
    if (!priority || (turn_ && !turn_->take(*priority, kTurnPatience))) {
        if (turn_ && !priority) turn_->rest();
        return false;
    }
    plan_step(*priority);
    const bool any = !planned_.empty();
    if (any) compute(stop);
    if (turn_) turn_->done();
    retire_finished();
    return any;
}

void Scheduler::cancel_all() {
    for (Task& task : running_) task.generation->cancel();
    for (Task& task : waiting_) {
        Completion cancelled;
        cancelled.finish_reason = FinishReason::kCancelled;
        if (task.generation != nullptr)
            task.generation->cancel();
        else
            task.job->finish(std::move(cancelled));
    }
    waiting_.clear();
    retire_finished();
    if (turn_) turn_->rest();
}

void Scheduler::drop_cancelled() {
    for (Task& task : running_) {
        if (task.job->cancelled()) task.generation->cancel();
    }
    std::erase_if(waiting_, [](Task& task) {
        if (!task.job->cancelled()) return false;
        if (task.generation != nullptr) task.generation->cancel();  // else its caller has left
        return true;
    });
    retire_finished();
}

void Scheduler::watch_readers() {
    const auto now = Clock::now();
    for (Task& task : running_) {
        if (!task.job->reader_behind()) {
            task.behind_since.reset();
        } else if (!task.behind_since) {
            task.behind_since = now;
        } else if (now - *task.behind_since > options_.reader_timeout) {
            task.generation->cancel();
        }
    }
    retire_finished();
}

void Scheduler::admit() {
    for (std::size_t i = 0; i < waiting_.size();) {
        const Priority priority = waiting_[i].priority();
        const auto gives_way = [&] { return !running_.empty() && running_.back().priority() > priority; };
        const auto full = [&] { return running_.size() >= static_cast<std::size_t>(options_.max_parallel); };
        while (gives_way() && (full() || !can_start(waiting_[i]))) put_back();
        if (full()) return;
        if (!can_start(waiting_[i])) {
            ++i;  // one that shares more with what is known may fit
            continue;
        }
        Task task = std::move(waiting_[i]);
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
        start(std::move(task));
    }
}

/// True when the task's tokens fit, and no running prompt is about to store a longer beginning of them than is known.
bool Scheduler::can_start(const Task& task) const {
    const std::span<const std::int32_t> tokens =
        task.generation != nullptr ? task.generation->tokens() : std::span(task.job->prompt().tokens);
    const PrefixCache::Match known = cache_.match(tokens, task.job->lora_key());
    for (const Task& other : running_) {
        if (other.generation->answering() || other.job->lora_key() != task.job->lora_key()) continue;
        const auto theirs = other.generation->tokens();
        const auto common = std::mismatch(tokens.begin(), tokens.end(), theirs.begin(), theirs.end()).first;
        if ((common - tokens.begin()) / kKvBlockTokens > known.blocks + 1) return false;
    }
    if (running_.empty()) return true;
    const int needed = blocks_for(tokens.size() + 1) - known.blocks;
    return needed <= model_.kv_pool->free_blocks() + cache_.evictable_blocks() - known.evictable_blocks;
}

void Scheduler::start(Task task) {
    if (task.generation == nullptr) {
        task.generation = std::make_unique<Generation>(model_, task.job);
        task.generation->begin();
    }
    if (!task.generation->done()) {
        const int cached = cache_.reuse(task.generation->tokens(), task.job->lora_key(), task.generation->sequence());
        if (!task.generation->answered()) task.generation->set_cached(cached);
        counters_.cached_tokens += static_cast<std::uint64_t>(cached);
    }
    running_.insert(place_for(running_, task.priority(), false), std::move(task));
}

void Scheduler::put_back() {
    Task task = std::move(running_.back());
    running_.pop_back();
    Generation& generation = *task.generation;
    remember(generation);
    generation.sequence() = KvSequence(*model_.kv_pool);
    ++counters_.preemptions;
    waiting_.insert(place_for(waiting_, task.priority(), true), std::move(task));
}

/// Where an answer's tokens are not computed as a prompt's are, no prompt may take them over.
void Scheduler::remember(const Generation& generation) {
    const auto tokens = model_.decoder->phases_differ() ? generation.prompt() : generation.tokens();
    cache_.remember(tokens, generation.job().lora_key(), generation.sequence());
}

int Scheduler::prompt_budget(int answers) const {
    if (seconds_per_prompt_token_ <= 0) return kFirstPromptTokens;
    const double seconds = answers > 0 ? kStepSecondsBesideAnswers : kStepSecondsAlone;
    const int tokens = static_cast<int>(std::min<double>(seconds / seconds_per_prompt_token_, Decoder::kMaxChunk));
    return std::max(tokens / 8 * 8, kLeastPromptTokens);
}

std::optional<Priority> Scheduler::next_priority() const {
    const auto first = std::find_if(running_.begin(), running_.end(), [](const Task& task) { return task.can_go(); });
    if (first == running_.end()) return std::nullopt;
    return first->priority();
}

void Scheduler::plan_step(Priority priority) {
    planned_.clear();
    const auto takes_part = [&](const Task& task) { return task.can_go() && task.priority() == priority; };
    const auto answers = static_cast<int>(std::count_if(running_.begin(), running_.end(), [&](const Task& task) {
        return takes_part(task) && task.generation->answering();
    }));
    const int tasks = static_cast<int>(std::count_if(running_.begin(), running_.end(), takes_part));
    const int answer_rows = answers == 1 ? Decoder::kMaxLogitRows : kSharedAnswerRows;
    const int draft = answers > 0 ? std::max(0, answer_rows - tasks) / answers : 0;
    int prompt_tokens = std::min(prompt_budget(answers), Decoder::kMaxChunk - answers * (1 + draft));
    for (std::size_t i = 0; i < running_.size(); ++i) {
        if (!takes_part(running_[i])) continue;
        Generation& generation = *running_[i].generation;
        if (generation.answering()) generation.draft(draft);
        const bool answering = generation.drafted() > 0 || generation.answering();
        const int tokens = answering ? generation.pending() : std::min(generation.pending_in_phase(), prompt_tokens);
        if (tokens == 0) continue;
        if (!plan(i, tokens)) return;  // it was the youngest, and is no longer here
        if (!answering) prompt_tokens -= tokens;
    }
    std::stable_partition(planned_.begin(), planned_.end(),
                          [](const Planned& planned) { return planned.generation->phase() == Phase::kDecode; });
}

bool Scheduler::plan(std::size_t index, int tokens) {
    if (make_room(index, tokens)) {
        planned_.push_back({running_[index].generation.get(), tokens});
        return true;
    }
    HEARTH_CHECK(index + 1 == running_.size());
    running_[index].generation->drop_draft();
    if (index > 0) {
        put_back();
    } else {
        running_[index].generation->fail(
            Error(ErrorCode::kInternal, "the KV cache is smaller than the context it was made for"));
    }
    return false;
}

/// Those behind `index` are not planned yet: they give way first.
bool Scheduler::make_room(std::size_t index, int tokens) {
    while (!running_[index].generation->sequence().reserve(tokens)) {
        if (cache_.evict()) continue;
        if (index + 1 == running_.size()) return false;
        put_back();
    }
    return true;
}

void Scheduler::compute(const std::stop_token& stop) {
    const auto begun = Clock::now();
    std::vector<SequenceStep> steps;
    std::size_t rows = 0;
    int prompt_tokens = 0;
    for (const Planned& planned : planned_) {
        if (!planned.generation->answered()) prompt_tokens += planned.tokens;
        steps.push_back(planned.generation->step(planned.tokens));
        rows += static_cast<std::size_t>(steps.back().logit_rows);
    }
    try {
        logits_.resize(rows * static_cast<std::size_t>(model_.info.vocabulary_size));
        if (!model_.decoder->forward(steps, logits_, stop)) return;
    } catch (const std::bad_alloc&) {
        for (const Planned& planned : planned_)
            planned.generation->fail(Error(ErrorCode::kResourceExhausted, "no memory was left for this request"));
        return;
    }
    measure(std::chrono::duration<double>(Clock::now() - begun).count(), prompt_tokens);
    hand_out(steps);
}

void Scheduler::hand_out(std::span<const SequenceStep> steps) {
    std::span<float> rest(logits_);
    for (std::size_t i = 0; i < planned_.size(); ++i) {
        const auto own =
            static_cast<std::size_t>(steps[i].logit_rows) * static_cast<std::size_t>(model_.info.vocabulary_size);
        Generation& generation = *planned_[i].generation;
        const bool was_prompt = !generation.answered();
        try {
            generation.computed(rest.first(own));
            // Others with the same beginning need not wait for the end of the answer.
            if (was_prompt && generation.answered()) remember(generation);
        } catch (const std::bad_alloc&) {
            generation.fail(Error(ErrorCode::kResourceExhausted, "no memory was left for this request"));
        } catch (const std::exception& failure) {
            generation.fail(Error(ErrorCode::kInternal, std::string("the request failed: ") + failure.what()));
        }
        rest = rest.subspan(own);
    }
}

void Scheduler::measure(double seconds, int prompt_tokens) {
    ++counters_.steps;
    counters_.prompt_tokens += static_cast<std::uint64_t>(prompt_tokens);
    if (prompt_tokens < kLeastPromptTokens) return;
    const double now = seconds / prompt_tokens;
    seconds_per_prompt_token_ = seconds_per_prompt_token_ > 0 ? 0.7 * seconds_per_prompt_token_ + 0.3 * now : now;
}

void Scheduler::retire_finished() {
    std::erase_if(running_, [&](Task& task) {
        Generation& generation = *task.generation;
        if (!generation.done()) return false;
        if (!generation.failed()) remember(generation);
        const Usage& usage = generation.usage();
        counters_.completion_tokens += static_cast<std::uint64_t>(usage.completion_tokens);
        counters_.draft_tokens += static_cast<std::uint64_t>(usage.draft_tokens);
        counters_.accepted_draft_tokens += static_cast<std::uint64_t>(usage.accepted_draft_tokens);
        return true;
    });
}

EngineStats Scheduler::stats() const {
    EngineStats out = counters_;
    out.running = static_cast<int>(running_.size());
    out.waiting = static_cast<int>(waiting_.size());
    out.kv_blocks = model_.kv_pool->blocks();
    out.kv_blocks_free = model_.kv_pool->free_blocks();
    out.kv_blocks_cached = cache_.blocks();
    return out;
}

}  // namespace hearth::llm
