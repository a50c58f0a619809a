#include "core/glob.h"

#include <cstddef>

namespace hearth {
namespace {

constexpr auto kNone = std::string_view::npos;

/// Where matching goes on when a literal fails: the wildcard takes one more byte of the path.
struct Retry {
    std::size_t pattern = kNone;  ///< first pattern byte after the wildcard
    std::size_t path = 0;         ///< first path byte not yet taken by it
};

/// One code point is one `?`.
std::size_t code_point_end(std::string_view path, std::size_t at) noexcept {
    ++at;
    while (at < path.size() && (static_cast<unsigned char>(path[at]) & 0xC0) == 0x80) ++at;
    return at;
}

}  // namespace

// Two retry points suffice: a later `**` makes everything before it irrelevant, and so does a later `*` within a
// folder.
bool glob_match(std::string_view pattern, std::string_view path) noexcept {
    Retry star;
    Retry globstar;
    std::size_t p = 0;
    std::size_t s = 0;
    for (;;) {
        if (pattern.substr(p, 2) == "**") {
            p += 2;
            if (p < pattern.size() && pattern[p] == '/' && (p == 2 || pattern[p - 3] == '/')) ++p;
            globstar = {p, s};
            star = {};
            continue;
        }
        if (p < pattern.size() && pattern[p] == '*') {
            star = {++p, s};
            continue;
        }
        if (p == pattern.size() && s == path.size()) return true;
        if (p < pattern.size() && s < path.size()) {
            if (pattern[p] == '?' && path[s] != '/') {
                ++p;
                s = code_point_end(path, s);
                continue;
            }
            if (pattern[p] == path[s]) {
                ++p;
                ++s;
                continue;
            }
        }
        if (star.pattern != kNone && star.path < path.size() && path[star.path] != '/') {
            p = star.pattern;
            s = ++star.path;
            continue;
        }
        if (globstar.pattern == kNone || globstar.path >= path.size()) return false;
        // A `**/` may only end where a folder ends, otherwise "**/x" would match "ax".
        const bool whole_folders = globstar.pattern > 0 && pattern[globstar.pattern - 1] == '/';
        do {
            ++globstar.path;
        } while (whole_folders && globstar.path < path.size() && path[globstar.path - 1] != '/');
        if (whole_folders && globstar.path >= path.size()) return false;
        p = globstar.pattern;
        s = globstar.path;
        star = {};
    }
}

}  // namespace hearth
