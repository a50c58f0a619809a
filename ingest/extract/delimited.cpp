#include "ingest/extract/delimited.h"

#include <algorithm>
#include <map>

#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kSampleBytes = 64 << 10;
constexpr std::size_t kMostColumns = 4096;
constexpr std::string_view kDelimiters = ",;\t|";

bool is_filled(const Row& cells) {
    return std::any_of(cells.begin(), cells.end(), [](const std::string& cell) { return !cell.empty(); });
}

Dialect judge(std::string_view sample, char delimiter, bool cut) {
    DelimitedReader reader(sample, delimiter);
    std::map<std::size_t, std::size_t> widths;
    Row cells;
    std::size_t records = 0;
    while (reader.next(cells)) {
        if (cut && reader.place() >= sample.size()) break;  // the sample ends inside this record
        ++records;
        ++widths[cells.size()];
    }
    Dialect dialect{delimiter, 1, 0, records, 0};
    for (const auto& [width, count] : widths) {
        const double share = static_cast<double>(count) / static_cast<double>(records);
        if (share >= dialect.agreement) {
            dialect.columns = width;
            dialect.agreement = share;
        }
    }
    return dialect;
}

}  // namespace

std::string DelimitedReader::cell() {
    std::string bytes;
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ < text_.size() && text_[at_] == '"') {
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
                ++at_;
            }
            bytes += text_[at_];
        }
        if (at_ < text_.size()) ++at_;
    }
    const std::size_t end = std::min(text_.find_first_of(std::string{delimiter_, '\n', '\r'}, at_), text_.size());
    bytes += text_.substr(at_, end - at_);
    at_ = end;
    return collapse_blanks(bytes);
}

bool DelimitedReader::next(Row& cells) {
    while (at_ < text_.size()) {
        cells.clear();
        for (;;) {
            std::string value = cell();
            if (cells.size() < kMostColumns)
                cells.push_back(std::move(value));
            else if (!value.empty())
                cells.back() += ' ' + value;
            if (at_ >= text_.size() || text_[at_] != delimiter_) break;
            ++at_;
        }
        if (at_ < text_.size() && text_[at_] == '\r') ++at_;
        if (at_ < text_.size() && text_[at_] == '\n') ++at_;
        if (is_filled(cells)) return true;
    }
    return false;
}

Dialect find_dialect(std::string_view text) {
    std::size_t start = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    if (text.substr(start, 4) == "sep=" && text.size() > start + 4) {
        const char delimiter = text[start + 4];
        start = next_line(text, start, text.size());
        Dialect said = judge(text.substr(start, kSampleBytes), delimiter, text.size() - start > kSampleBytes);
        said.start = start;
        if (kDelimiters.find(delimiter) != std::string_view::npos) return said;
    }
    const std::string_view sample = text.substr(start, kSampleBytes);
    Dialect best;
    for (const char delimiter : kDelimiters) {
        const Dialect dialect = judge(sample, delimiter, text.size() - start > kSampleBytes);
        if (dialect.columns < 2) continue;
        const bool better = best.columns < 2 || dialect.agreement > best.agreement ||
                            (dialect.agreement == best.agreement && dialect.columns > best.columns);
        if (better) best = dialect;
    }
    best.start = start;
    return best;
}

bool reads_like_table(std::string_view text) {
    const Dialect dialect = find_dialect(text);
    const bool wide = dialect.columns >= 3 || (dialect.columns == 2 && dialect.delimiter == '\t');
    return wide && dialect.agreement == 1.0 && dialect.records >= 4;
}

}  // namespace hearth::ingest
