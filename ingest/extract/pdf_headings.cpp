#include "ingest/extract/pdf_headings.h"

#include <algorithm>
#include <cctype>

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxTitleBytes = 100;
constexpr std::size_t kMaxParts = 6;
constexpr std::size_t kFewestDots = 4;
constexpr int kMostSkipped = 2;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct Leader {
    std::size_t start = std::string_view::npos;
    std::size_t end = 0;
};

/// The first run of dots with blanks between them at most.
Leader find_leader(std::string_view line) {
    for (std::size_t at = line.find('.'); at != std::string_view::npos; at = line.find('.', at + 1)) {
        std::size_t dots = 0;
        std::size_t end = at;
        for (std::size_t i = at; i < line.size() && (line[i] == '.' || line[i] == ' '); ++i) {
            if (line[i] != '.') continue;
            ++dots;
            end = i + 1;
        }
        if (dots >= kFewestDots) return {at, end};
        at = end - 1;
    }
    return {};
}

}  // namespace

NumberedLine read_numbered(std::string_view line) {
    NumberedLine found;
    std::size_t at = 0;
    while (at < line.size() && found.number.size() < kMaxParts) {
        const std::size_t start = at;
        int part = 0;
        while (at < line.size() && is_digit(line[at]) && at - start < 3) part = part * 10 + (line[at++] - '0');
        if (at == start) break;
        found.number.push_back(part);
        if (at >= line.size() || line[at] != '.') break;
        ++at;
    }
    if (at < line.size() && line[at] != ' ') return {};
    const auto title = line.find_first_not_of(' ', at);
    if (title != std::string_view::npos) found.title = line.substr(title);
    return found;
}

bool has_leader(std::string_view line) {
    return find_leader(line).start != std::string_view::npos;
}

std::string without_leader(std::string_view line) {
    const Leader leader = find_leader(line);
    if (leader.start == std::string_view::npos) return std::string(line);
    std::string_view front = line.substr(0, leader.start);
    while (front.ends_with(' ')) front.remove_suffix(1);
    return std::string(front) + " \u2026" + std::string(line.substr(leader.end));
}

bool is_heading_title(std::string_view title) {
    if (title.empty() || title.size() > kMaxTitleBytes) return false;
    const auto first = static_cast<unsigned char>(title.front());
    if (std::isupper(first) == 0 && first < 0x80) return false;
    return std::string_view(".,;:").find(title.back()) == std::string_view::npos && !is_digit(title.back());
}

bool SectionOrder::follows(const SectionNumber& number) const {
    if (current_.empty()) return number.back() == 1 && number.size() <= 2;
    const auto common = static_cast<std::size_t>(
        std::mismatch(number.begin(), number.end(), current_.begin(), current_.end()).first - number.begin());
    if (common == number.size()) return false;  // the current one again, or one above it
    const bool below = common == current_.size();
    const int step = number[common] - (below ? 0 : current_[common]);
    if (step < 1 || step > (number.size() == 1 ? 1 : 1 + kMostSkipped)) return false;
    // What lies deeper begins with its first part: 3.1 behind 2.4, where the 3 itself was not seen.
    const auto rest = number.begin() + static_cast<std::ptrdiff_t>(common) + 1;
    return std::all_of(rest, number.end(), [](int part) { return part == 1; });
}

bool SectionOrder::take(const SectionNumber& number, bool alone) {
    const bool restarts = alone && number == SectionNumber{1};
    if (!restarts && !follows(number)) return false;
    current_ = number;
    return true;
}

}  // namespace hearth::ingest
