// PUBLIC. Several engines in one process compute one step at a time: each step uses every core. A person waiting comes
// first, whichever engine answers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>

#include "llm/types.h"

namespace hearth::llm {

/// Thread-safe. Interactive steps go in the order of asking; a background step goes when no engine has interactive
/// work.
class StepTurns {
  public:
    /// One engine's part; used from its thread. The turns outlive it.
    class Member {
      public:
        explicit Member(StepTurns& turns) : turns_(turns) {}
        ~Member() { rest(); }
        Member(const Member&) = delete;
        Member& operator=(const Member&) = delete;

        /// Waits for the turn. An interactive step gets it after at most one step of each other engine; for a
        /// background step false after `patience`, so that the engine can look at what else has come.
        bool take(Priority priority, std::chrono::milliseconds patience);
        /// The step was computed. With interactive work it keeps background steps of others waiting until rest().
        void done();
        /// There is nothing to compute now.
        void rest();

      private:
        friend class StepTurns;
        StepTurns& turns_;
        bool interactive_ = false;  // counted in interactive_members_; guarded by the turns' mutex
        bool computing_ = false;    // likewise
    };

    /// How long the step in work has been computing; 0 while there is none. A step is cut to last half a second.
    std::chrono::milliseconds computing_for() const;

  private:
    struct Waiter {
        Priority priority;
    };

    bool is_next(const Waiter& waiter) const;
    void set_interactive(Member& member, bool interactive);

    using Clock = std::chrono::steady_clock;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::list<Waiter> waiting_;
    int interactive_members_ = 0;
    std::optional<Clock::time_point> busy_since_;  // of the step in work
};

}  // namespace hearth::llm
