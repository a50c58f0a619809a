#include "ingest/watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "ingest/file_name.h"
#include "ingest/ignore_rules.h"

namespace hearth::ingest {
namespace {

// IN_MODIFY is left out: a file written slowly would wake the scan at every write, and its end is IN_CLOSE_WRITE.
// What is kept open and appended to is found by the periodic scan.
constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;

bool about_scratch_file(const inotify_event& event) {
    return (event.mask & IN_ISDIR) == 0 && event.len > 0 && is_scratch_name(event.name) &&
           event.name != kIgnoreFileName;
}

}  // namespace

Result<Watcher> Watcher::create() {
    UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (fd.valid()) return Watcher(std::move(fd));
    if (errno == EMFILE) {
        return Error(ErrorCode::kResourceExhausted,
                     "this user has no inotify instance left: raise fs.inotify.max_user_instances");
    }
    return errno_error("inotify_init", "", errno);
}

Status Watcher::watch(int folder_fd, const std::string& path) {
    // By descriptor: a link swapped in for the folder's name is never followed.
    const std::string self = "/proc/self/fd/" + std::to_string(folder_fd);
    if (::inotify_add_watch(fd_.get(), self.c_str(), kMask) >= 0) return {};
    if (errno == ENOSPC) {
        return Error(ErrorCode::kResourceExhausted,
                     "the kernel's limit of watched folders is reached at \"" + path +
                         "\": raise fs.inotify.max_user_watches; until then changes there show at the next rescan");
    }
    return errno_error("inotify_add_watch", path, errno);
}

Watcher::Events Watcher::drain() {
    Events events;
    alignas(inotify_event) std::array<char, 64 << 10> buffer;
    for (;;) {
        const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return events;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            at += sizeof(inotify_event) + event->len;
            if ((event->mask & IN_Q_OVERFLOW) != 0) events.overflowed = true;
            if ((event->mask & IN_IGNORED) == 0 && !about_scratch_file(*event)) events.changed = true;
        }
    }
}

}  // namespace hearth::ingest
