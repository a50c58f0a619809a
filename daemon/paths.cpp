#include "daemon/paths.h"

#include <filesystem>
#include <vector>

namespace hearth::daemon {
namespace {

namespace fs = std::filesystem;

fs::path program_directory() {
    std::error_code failed;
    const fs::path self = fs::read_symlink("/proc/self/exe", failed);
    return failed ? fs::current_path() : self.parent_path();
}

Result<std::string> first_existing(const std::vector<fs::path>& candidates, const std::string& what) {
    std::error_code ignored;
    std::string tried;
    for (const fs::path& candidate : candidates) {
        if (fs::exists(candidate, ignored)) return fs::weakly_canonical(candidate, ignored).string();
        tried += " " + candidate.string();
    }
    return Error(ErrorCode::kNotFound, what + " is missing; looked at" + tried + ". Reinstall hearth.");
}

}  // namespace

Result<std::string> sibling_program(const std::string& name) {
    const fs::path here = program_directory();
    return first_existing({here / name, here / "../libexec/hearth" / name}, name);
}

Result<std::string> ui_directory(const std::string& configured) {
    if (!configured.empty()) return first_existing({configured}, "server.ui_directory");
    const fs::path here = program_directory();
    return first_existing({here / "../share/hearth/ui", here / "../../web/ui"}, "the chat page");
}

}  // namespace hearth::daemon
