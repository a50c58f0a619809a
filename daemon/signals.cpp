#include "daemon/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace hearth::daemon {
namespace {

constexpr int kHandled[] = {SIGTERM, SIGINT, SIGHUP};

// What a signal handler can reach: it gets no argument but the number.
std::atomic<int> handler_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free, "the handler may only touch lock-free atomics");

void on_signal(int number) {
    const int saved = errno;
    const auto byte = static_cast<unsigned char>(number);
    // A full pipe holds thousands of signals nobody read: one more changes nothing.
    [[maybe_unused]] const ssize_t written = ::write(handler_pipe.load(), &byte, 1);
    errno = saved;
}

Status install(int number, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    if (::sigaction(number, &action, nullptr) == 0) return {};
    return errno_error("sigaction", std::to_string(number), errno);
}

}  // namespace

Result<Signals> Signals::open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("pipe2", "signals", errno);
    Signals signals{UniqueFd(ends[0]), UniqueFd(ends[1])};
    handler_pipe.store(ends[1]);
    for (const int number : kHandled) HEARTH_TRY_STATUS(install(number, on_signal));
    HEARTH_TRY_STATUS(install(SIGPIPE, SIG_IGN));
    return signals;
}

Signals::~Signals() {
    if (!write_.valid()) return;
    // The process is on its way out: a second Ctrl-C ends it at once, and nothing writes into a reused descriptor.
    for (const int number : kHandled) (void)install(number, SIG_DFL).ok();
    handler_pipe.store(-1);
}

int Signals::wait(std::chrono::milliseconds timeout) {
    pollfd ready{read_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return 0;  // a signal interrupts, and is read next
    unsigned char number = 0;
    return ::read(read_.get(), &number, 1) == 1 ? number : 0;
}

}  // namespace hearth::daemon
