#include "llm/step_turns.h"

#include <algorithm>
#include <utility>

namespace hearth::llm {

bool StepTurns::Member::take(Priority priority, std::chrono::milliseconds patience) {
    std::unique_lock lock(turns_.mutex_);
    turns_.set_interactive(*this, priority == Priority::kInteractive);
    const auto place = turns_.waiting_.insert(turns_.waiting_.end(), {priority});
    const auto granted = [&] { return turns_.is_next(*place); };
    bool got = true;
    if (priority == Priority::kInteractive)
        turns_.changed_.wait(lock, granted);
    else
        got = turns_.changed_.wait_for(lock, patience, granted);
    turns_.waiting_.erase(place);
    computing_ = got;
    if (got) turns_.busy_since_ = Clock::now();
    return got;
}

void StepTurns::Member::done() {
    const std::lock_guard lock(turns_.mutex_);
    if (std::exchange(computing_, false)) turns_.busy_since_.reset();
    turns_.changed_.notify_all();
}

void StepTurns::Member::rest() {
    const std::lock_guard lock(turns_.mutex_);
    turns_.set_interactive(*this, false);
    if (std::exchange(computing_, false)) turns_.busy_since_.reset();
    turns_.changed_.notify_all();
}

std::chrono::milliseconds StepTurns::computing_for() const {
    const std::lock_guard lock(mutex_);
    if (!busy_since_) return {};
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *busy_since_);
}

void StepTurns::set_interactive(Member& member, bool interactive) {
    if (member.interactive_ == interactive) return;
    member.interactive_ = interactive;
    interactive_members_ += interactive ? 1 : -1;
}

bool StepTurns::is_next(const Waiter& waiter) const {
    if (busy_since_) return false;
    const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                    [](const Waiter& other) { return other.priority == Priority::kInteractive; });
    if (waiter.priority == Priority::kInteractive) return &waiter == &*first;
    return interactive_members_ == 0 && &waiter == &waiting_.front();
}

}  // namespace hearth::llm
