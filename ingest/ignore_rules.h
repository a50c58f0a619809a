// `.hearthignore`: what a folder's owner leaves out of the index, in gitignore's syntax.
//
// A line is a glob (core/glob.h). Without a '/' before its end it holds for names at any depth, with one for paths from
// the file's own folder on; a '/' at its end: for folders only. '!' takes back what an earlier line or a folder further
// up left out; the last line that matches decides, of the file nearest to the path. Nothing beneath a left out folder
// can be taken back. '#' begins a comment; "\#" and "\!" are these characters themselves. Not as in git: there are no
// character classes, and no escapes elsewhere.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ingest {

inline constexpr std::string_view kIgnoreFileName = ".hearthignore";
inline constexpr std::size_t kMaxIgnoreBytes = 64 << 10;
inline constexpr std::size_t kMaxIgnoreRules = 1000;
inline constexpr std::size_t kMaxIgnoreRuleBytes = 1024;

class IgnoreFile {
  public:
    /// Never fails: rules beyond the limits, and lines that are too long, are left out and told by `problem`.
    static IgnoreFile parse(std::string_view text);

    /// Whether the path, relative to the file's folder, is left out (true) or taken back (false); nothing when no line
    /// matches.
    std::optional<bool> verdict(std::string_view path, bool is_folder) const;
    const std::string& problem() const { return problem_; }
    bool empty() const { return rules_.empty(); }

  private:
    struct Rule {
        std::string glob;
        bool takes_back = false;
        bool folders_only = false;
    };
    void add(std::string_view line);

    std::vector<Rule> rules_;
    std::string problem_;
};

/// All of a tree's files together.
class IgnoreRules {
  public:
    /// `folder` is relative to the root, "" for the root itself.
    void add(const std::string& folder, IgnoreFile file);

    /// Of the path itself; the folders above it are known not to be left out.
    bool ignores_entry(std::string_view path, bool is_folder) const;
    /// Of a file's path, or of a folder above it.
    bool ignores(std::string_view path) const;

  private:
    std::map<std::string, IgnoreFile, std::less<>> files_;  ///< by folder
};

}  // namespace hearth::ingest
