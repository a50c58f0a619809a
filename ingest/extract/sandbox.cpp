#include "ingest/extract/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "core/file.h"

namespace hearth::ingest {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kShadowMemory = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kShadowMemory = true;
#else
constexpr bool kShadowMemory = false;
#endif
#else
constexpr bool kShadowMemory = false;
#endif

constexpr std::uint64_t kLandlockTruncate = 1ull << 14;  // ABI 3; Debian 12's header ends at ABI 2
constexpr std::uint64_t kLandlockRead =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr unsigned kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr unsigned kOpenForWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

/// `grace` lies between the soft limit (a signal that tells why) and the hard one.
Status set_limit(__rlimit_resource resource, std::int64_t value, std::int64_t grace = 0) {
    const rlimit limit{static_cast<rlim_t>(value), static_cast<rlim_t>(value + grace)};
    if (::setrlimit(resource, &limit) != 0) return errno_error("setrlimit", "", errno);
    return {};
}

/// An allow-list; everything else fails with EPERM, so that a library's optional probe does not kill the worker.
class Filter {
  public:
    Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(EPERM))) {}
    ~Filter() {
        if (context_ != nullptr) ::seccomp_release(context_);
    }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    void allow(std::initializer_list<int> calls) {
        for (const int call : calls) note(::seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0));
    }
    void allow_if(int call, const scmp_arg_cmp& condition) {
        note(::seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 1, condition));
    }
    void refuse(int call, std::uint32_t action) { note(::seccomp_rule_add(context_, action, call, 0)); }

    Status load() {
        if (context_ == nullptr) return Error(ErrorCode::kInternal, "seccomp_init failed");
        if (error_ == 0) note(::seccomp_load(context_));
        if (error_ != 0) return errno_error("seccomp", "", -error_);
        return {};
    }

  private:
    void note(int result) {
        if (result < 0 && error_ == 0) error_ = result;
    }

    scmp_filter_ctx context_;
    int error_ = 0;
};

void allow_computing(Filter& filter) {
    filter.allow({SCMP_SYS(read),
                  SCMP_SYS(readv),
                  SCMP_SYS(pread64),
                  SCMP_SYS(write),
                  SCMP_SYS(writev),
                  SCMP_SYS(close),
                  SCMP_SYS(fstat),
                  SCMP_SYS(lseek),
                  SCMP_SYS(mmap),
                  SCMP_SYS(munmap),
                  SCMP_SYS(mprotect),
                  SCMP_SYS(mremap),
                  SCMP_SYS(brk),
                  SCMP_SYS(madvise),
                  SCMP_SYS(exit),
                  SCMP_SYS(exit_group),
                  SCMP_SYS(futex),
                  SCMP_SYS(clock_gettime),
                  SCMP_SYS(gettimeofday),
                  SCMP_SYS(time),
                  SCMP_SYS(getrandom),
                  SCMP_SYS(rt_sigaction),
                  SCMP_SYS(rt_sigprocmask),
                  SCMP_SYS(rt_sigreturn),
                  SCMP_SYS(sigaltstack),
                  SCMP_SYS(getpid),
                  SCMP_SYS(gettid),
                  SCMP_SYS(sched_yield),
                  SCMP_SYS(restart_syscall),
                  SCMP_SYS(clock_nanosleep),
                  SCMP_SYS(nanosleep),
                  SCMP_SYS(sched_getaffinity)});
    // abort() signals itself; nobody else can be signalled.
    filter.allow_if(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
}

void allow_converters(Filter& filter) {
    filter.allow({SCMP_SYS(execve),
                  SCMP_SYS(vfork),
                  SCMP_SYS(fork),
                  SCMP_SYS(wait4),
                  SCMP_SYS(waitid),
                  SCMP_SYS(pipe),
                  SCMP_SYS(pipe2),
                  SCMP_SYS(dup),
                  SCMP_SYS(dup2),
                  SCMP_SYS(dup3),
                  SCMP_SYS(fcntl),
                  SCMP_SYS(close_range),
                  SCMP_SYS(access),
                  SCMP_SYS(faccessat),
                  SCMP_SYS(faccessat2),
                  SCMP_SYS(readlink),
                  SCMP_SYS(readlinkat),
                  SCMP_SYS(stat),
                  SCMP_SYS(lstat),
                  SCMP_SYS(newfstatat),
                  SCMP_SYS(statx),
                  SCMP_SYS(getdents64),
                  SCMP_SYS(getcwd),
                  SCMP_SYS(arch_prctl),
                  SCMP_SYS(set_tid_address),
                  SCMP_SYS(set_robust_list),
                  SCMP_SYS(rseq),
                  SCMP_SYS(uname),
                  SCMP_SYS(sysinfo),
                  SCMP_SYS(getuid),
                  SCMP_SYS(geteuid),
                  SCMP_SYS(getgid),
                  SCMP_SYS(getegid),
                  SCMP_SYS(getppid),
                  SCMP_SYS(poll),
                  SCMP_SYS(ppoll),
                  SCMP_SYS(seccomp),
                  SCMP_SYS(fadvise64),
                  SCMP_SYS(getrlimit),
                  SCMP_SYS(statfs),
                  SCMP_SYS(fstatfs),
                  SCMP_SYS(prctl)});
    filter.allow_if(SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, kOpenForWriting, 0));
    filter.allow_if(SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, kOpenForWriting, 0));
    filter.allow_if(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaces, 0));
    filter.allow_if(SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0));
    // Its flags lie in memory where a filter cannot look; ENOSYS makes libc use clone.
    filter.refuse(SCMP_SYS(clone3), SCMP_ACT_ERRNO(ENOSYS));
}

Status allow_reading_beneath(int ruleset, const char* path) {
    const UniqueFd folder(::open(path, O_PATH | O_CLOEXEC | O_DIRECTORY));
    if (!folder.valid()) return {};  // a distribution without /lib64
    landlock_path_beneath_attr rule{};
    rule.allowed_access = kLandlockRead;
    rule.parent_fd = folder.get();
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
        return errno_error("landlock_add_rule", path, errno);
    }
    return {};
}

Status restrict_files() {
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) return {};  // not in this kernel: seccomp alone
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SYM | (LANDLOCK_ACCESS_FS_MAKE_SYM - 1);  // all of ABI 1
    if (abi >= 2) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) attributes.handled_access_fs |= kLandlockTruncate;
    const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!ruleset.valid()) return errno_error("landlock_create_ruleset", "", errno);
    for (const char* path : {"/usr", "/lib", "/lib64", "/bin"})
        HEARTH_TRY_STATUS(allow_reading_beneath(ruleset.get(), path));
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return errno_error("landlock_restrict_self", "", errno);
    return {};
}

}  // namespace

Status limit_process(const ProcessLimits& limits, pid_t parent) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno_error("prctl", "PDEATHSIG", errno);
    if (::getppid() != parent) return Error(ErrorCode::kCancelled, "the parent process is gone");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("prctl", "NO_NEW_PRIVS", errno);
    if (!kShadowMemory) HEARTH_TRY_STATUS(set_limit(RLIMIT_AS, limits.memory_bytes));
    HEARTH_TRY_STATUS(set_limit(RLIMIT_CPU, limits.cpu_seconds, 1));
    HEARTH_TRY_STATUS(set_limit(RLIMIT_FSIZE, 0));
    HEARTH_TRY_STATUS(set_limit(RLIMIT_CORE, 0));
    return set_limit(RLIMIT_NOFILE, 64);
}

Status enter_outer_ring() {
    HEARTH_TRY_STATUS(restrict_files());
    Filter filter;
    allow_computing(filter);
    allow_converters(filter);
    return filter.load();
}

Status enter_inner_ring() {
    Filter filter;
    allow_computing(filter);
    return filter.load();
}

}  // namespace hearth::ingest
