#include "ingest/extractor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "core/file.h"
#include "ingest/worker_reply.h"

namespace hearth::ingest {
namespace {

using Clock = std::chrono::steady_clock;

/// A process group that is dead once this is gone.
class Child {
  public:
    explicit Child(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ > 0) kill_and_wait();
    }

    int pidfd() const { return pidfd_.get(); }

    /// The wait status. Whatever the worker itself started dies too.
    int kill_and_wait() {
        ::kill(-pid_, SIGKILL);
        return wait();
    }

    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        ::kill(-pid_, SIGKILL);  // a converter that outlived the worker
        pid_ = 0;
        return status;
    }

  private:
    pid_t pid_;
    UniqueFd pidfd_;
};

struct SpawnSettings {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    SpawnSettings() {
        HEARTH_CHECK(::posix_spawn_file_actions_init(&actions) == 0);
        HEARTH_CHECK(::posix_spawnattr_init(&attributes) == 0);
    }
    ~SpawnSettings() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Result<pid_t> spawn(const ExtractorOptions& options, int file_fd, int output_fd, const std::string& name) {
    SpawnSettings settings;
    sigset_t none;
    sigset_t defaults;
    ::sigemptyset(&none);
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_setsigmask(&settings.attributes, &none);
    ::posix_spawnattr_setsigdefault(&settings.attributes, &defaults);
    ::posix_spawnattr_setpgroup(&settings.attributes, 0);
    ::posix_spawnattr_setflags(&settings.attributes,
                               POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawn_file_actions_adddup2(&settings.actions, file_fd, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&settings.actions, output_fd, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&settings.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);

    const auto cpu_seconds = std::max<std::int64_t>(1, options.timeout.count() / 2);
    std::vector<std::string> words = {options.program,
                                      "--name",
                                      name,
                                      "--memory",
                                      std::to_string(options.memory_bytes),
                                      "--cpu",
                                      std::to_string(cpu_seconds),
                                      "--max-text",
                                      std::to_string(options.max_text_bytes),
                                      "--parent",
                                      std::to_string(::getpid())};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<std::string, 2> variables = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
    std::array<char*, 3> environment = {variables[0].data(), variables[1].data(), nullptr};
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, options.program.c_str(), &settings.actions, &settings.attributes, argv.data(),
                                    environment.data());
    if (error != 0) {
        return Error(ErrorCode::kUnavailable, errno_error("start", options.program, error).message);
    }
    return pid;
}

enum class ReadEnd { kWhole, kTooLarge, kTimeout, kStopped };

struct Reading {
    ReadEnd end = ReadEnd::kWhole;
    std::string bytes;
};

/// Milliseconds left, rounded up, at least 0.
int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

Reading read_reply(int output_fd, int stop_fd, Clock::time_point deadline, std::size_t max_bytes) {
    Reading reading;
    std::vector<char> buffer(256 << 10);
    for (;;) {
        std::array<pollfd, 2> fds = {{{output_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}}};
        const int ready = ::poll(fds.data(), fds.size(), milliseconds_until(deadline));
        if (fds[1].revents != 0)
            reading.end = ReadEnd::kStopped;
        else if (ready == 0)
            reading.end = ReadEnd::kTimeout;
        if (reading.end != ReadEnd::kWhole) return reading;
        if (ready < 0) continue;
        const ssize_t size = ::read(output_fd, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return reading;
        if (reading.bytes.size() + static_cast<std::size_t>(size) > max_bytes) {
            reading.end = ReadEnd::kTooLarge;
            return reading;
        }
        reading.bytes.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

Refusal refuse(std::string reason, std::string remedy) {
    return {"unknown", std::move(reason), std::move(remedy), false};
}

Refusal refuse_by_limit(std::string reason, std::string remedy) {
    return {"unknown", std::move(reason), std::move(remedy), true};
}

Refusal too_slow(const ExtractorOptions& options) {
    return refuse_by_limit("reading the file took longer than " + std::to_string(options.timeout.count()) + " s",
                           "Split the file, save it in a simpler format, or raise [ingest] extract_timeout_seconds.");
}

Refusal too_much_memory(const ExtractorOptions& options) {
    return refuse_by_limit(
        "reading the file needs more than " + std::to_string(options.memory_bytes >> 20) + " MiB of memory",
        "Split the file, or raise [ingest] extract_memory_mib.");
}

Result<Extraction> judge(const ExtractorOptions& options, int status, std::string bytes) {
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        if (signal == SIGXCPU) return Extraction(too_slow(options));
        return Extraction(refuse("the parser crashed (signal " + std::to_string(signal) + ")",
                                 "The file is probably damaged: open it and save it again."));
    }
    const int code = WEXITSTATUS(status);
    if (code == static_cast<int>(WorkerExit::kOutOfMemory)) return Extraction(too_much_memory(options));
    if (code == static_cast<int>(WorkerExit::kSandbox)) {
        return Error(ErrorCode::kUnavailable, options.program + " could not confine itself: seccomp is needed");
    }
    if (code == static_cast<int>(WorkerExit::kReadFailed)) {
        return Error(ErrorCode::kDataLoss, "the kept copy of the file could not be read to its end: check the disk");
    }
    if (code == 127) return Error(ErrorCode::kUnavailable, options.program + " could not be started");
    if (code != 0) {
        return Extraction(refuse("the parser failed (exit status " + std::to_string(code) + ")",
                                 "The file is probably damaged: open it and save it again."));
    }
    auto extraction = decode_reply(std::move(bytes));
    if (extraction.ok()) return extraction;
    return Extraction(
        refuse(extraction.error().message, "The file is probably damaged or hostile: do not open it unprotected."));
}

}  // namespace

Result<Extraction> run_extractor(const ExtractorOptions& options, int file_fd, const std::string& name,
                                 std::stop_token stop) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return Error(ErrorCode::kUnavailable, errno_error("pipe", name, errno).message);
    const UniqueFd output(ends[0]);
    UniqueFd output_of_child(ends[1]);
    const UniqueFd stop_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_fd.valid()) return Error(ErrorCode::kUnavailable, errno_error("eventfd", name, errno).message);
    const std::stop_callback wake(stop, [&] { ::eventfd_write(stop_fd.get(), 1); });
    if (::lseek(file_fd, 0, SEEK_SET) != 0) return errno_error("seek", name, errno);

    const auto deadline = Clock::now() + options.timeout;
    HEARTH_TRY(const pid_t pid, spawn(options, file_fd, output_of_child.get(), name));
    Child child(pid);
    output_of_child.reset();
    const std::size_t max_bytes =
        static_cast<std::size_t>(options.max_text_bytes) + kMaxReplyMetaBytes + kMaxTablesBytes + 8;
    Reading reading = read_reply(output.get(), stop_fd.get(), deadline, max_bytes);
    if (reading.end == ReadEnd::kWhole) {
        // End of file without an exit: wait for it, but not for ever.
        pollfd exit{child.pidfd(), POLLIN, 0};
        while (::poll(&exit, 1, milliseconds_until(deadline)) < 0 && errno == EINTR) {
        }
        if (exit.revents != 0) return judge(options, child.wait(), std::move(reading.bytes));
        reading.end = ReadEnd::kTimeout;
    }
    child.kill_and_wait();
    if (reading.end == ReadEnd::kStopped) return Error(ErrorCode::kCancelled, "stopped while reading " + name);
    if (reading.end == ReadEnd::kTooLarge) {
        return Extraction(
            refuse_by_limit("the file holds more than " + std::to_string(options.max_text_bytes >> 20) + " MiB of text",
                            "Split the file."));
    }
    return Extraction(too_slow(options));
}

}  // namespace hearth::ingest
