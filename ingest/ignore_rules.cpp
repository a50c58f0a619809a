#include "ingest/ignore_rules.h"

#include <utility>

#include "core/glob.h"

namespace hearth::ingest {

IgnoreFile IgnoreFile::parse(std::string_view text) {
    IgnoreFile file;
    if (text.size() > kMaxIgnoreBytes) {
        text = text.substr(0, kMaxIgnoreBytes);
        text = text.substr(0, text.rfind('\n') + 1);
        file.problem_ = "only its first 64 KiB are read";
    }
    while (!text.empty()) {
        const auto end = text.find('\n');
        file.add(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return file;
}

void IgnoreFile::add(std::string_view line) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') return;
    if (line.size() > kMaxIgnoreRuleBytes) {
        problem_ = "a line of more than 1024 bytes is left out";
        return;
    }
    if (rules_.size() == kMaxIgnoreRules) {
        problem_ = "only its first 1000 lines count";
        return;
    }
    Rule rule;
    if (line.front() == '!') {
        rule.takes_back = true;
        line.remove_prefix(1);
    }
    if (line.starts_with("\\#") || line.starts_with("\\!")) line.remove_prefix(1);
    if (line.ends_with('/')) {
        rule.folders_only = true;
        line.remove_suffix(1);
    }
    const bool anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) return;
    rule.glob = (anchored ? "" : "**/") + std::string(line);
    rules_.push_back(std::move(rule));
}

std::optional<bool> IgnoreFile::verdict(std::string_view path, bool is_folder) const {
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
        if (rule->folders_only && !is_folder) continue;
        if (glob_match(rule->glob, path)) return !rule->takes_back;
    }
    return std::nullopt;
}

void IgnoreRules::add(const std::string& folder, IgnoreFile file) {
    if (!file.empty()) files_.insert_or_assign(folder, std::move(file));
}

bool IgnoreRules::ignores_entry(std::string_view path, bool is_folder) const {
    if (files_.empty()) return false;
    for (std::string_view folder = path; !folder.empty();) {
        const auto slash = folder.rfind('/');
        folder = slash == std::string_view::npos ? std::string_view() : folder.substr(0, slash);
        const auto file = files_.find(folder);
        if (file == files_.end()) continue;
        const auto verdict = file->second.verdict(path.substr(folder.empty() ? 0 : folder.size() + 1), is_folder);
        if (verdict) return *verdict;
    }
    return false;
}

bool IgnoreRules::ignores(std::string_view path) const {
    if (files_.empty()) return false;
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        if (ignores_entry(path.substr(0, slash), true)) return true;
    }
    return ignores_entry(path, false);
}

}  // namespace hearth::ingest
