#include "ingest/file_name.h"

#include <algorithm>
#include <array>

namespace hearth::ingest {

std::string_view base_name(std::string_view path) noexcept {
    return path.substr(path.rfind('/') + 1);
}

std::string file_stem(std::string_view path) {
    const auto base = base_name(path);
    const auto dot = base.rfind('.');
    return std::string(dot == std::string_view::npos || dot == 0 ? base : base.substr(0, dot));
}

bool is_scratch_name(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 11> kEndings = {
        "~", ".swp", ".swo", ".swx", ".tmp", ".temp", ".part", ".bak~", ".crdownload", ".download", ".partial"};
    if (name.empty() || name.front() == '.') return true;
    if (name.front() == '#' && name.back() == '#' && name.size() > 1) return true;
    if (name.starts_with("~$")) return true;
    return std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return name.ends_with(ending); });
}

}  // namespace hearth::ingest
