#include "daemon/home.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace hearth::daemon {

std::string default_home() {
    const char* named = std::getenv("HEARTH_HOME");
    if (named != nullptr && *named != '\0') return named;
    std::error_code ignored;
    for (const char* candidate : {".hearth", "/var/lib/hearth"}) {
        if (std::filesystem::is_directory(candidate, ignored)) return candidate;
    }
    return ".hearth";
}

Result<UniqueFd> lock_home(const std::string& home) {
    const std::string path = home + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return errno_error("open", path, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return Error(ErrorCode::kUnavailable,
                     "another hearthd already runs with the home " + home + "; stop it or choose another with --home");
    }
    return fd;
}

}  // namespace hearth::daemon
