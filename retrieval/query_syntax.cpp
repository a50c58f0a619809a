#include "retrieval/query_syntax.h"

#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include "retrieval/lexical.h"

namespace hearth::retrieval {
namespace {

constexpr std::array<std::string_view, 5> kFilters = {"path", "type", "collection", "after", "before"};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// One thing typed: -name:"value"*
struct Piece {
    bool negated = false;
    std::string_view filter;  ///< one of kFilters; empty: words
    std::string_view value;   ///< without its quotes
    bool quoted = false;
    bool prefix = false;    ///< a * behind the quotes; one behind a word is still in its value
    bool apart = false;     ///< from what is before it
    std::string_view text;  ///< the whole as it was typed
};

/// Reads pieces one behind the other; a quote that never closes is an ordinary character.
class Pieces {
  public:
    explicit Pieces(std::string_view typed) : typed_(typed) {}

    bool next(Piece& out) {
        while (at_ < typed_.size() && is_space(typed_[at_])) ++at_;
        if (at_ == typed_.size()) return false;
        const std::size_t begin = at_;
        out = {};
        out.apart = begin == 0 || is_space(typed_[begin - 1]);
        if (out.apart && typed_[at_] == '-' && at_ + 1 < typed_.size() && !is_space(typed_[at_ + 1])) {
            out.negated = true;
            ++at_;
        }
        if (out.apart) take_filter(out);
        take_value(out);
        out.text = typed_.substr(begin, at_ - begin);
        return true;
    }

  private:
    void take_filter(Piece& out) {
        const std::string_view rest = typed_.substr(at_);
        for (const std::string_view name : kFilters) {
            if (rest.size() <= name.size() + 1 || rest[name.size()] != ':' || is_space(rest[name.size() + 1])) continue;
            if (lower_ascii(rest.substr(0, name.size())) != name || rest.substr(name.size() + 1).starts_with("\"\""))
                continue;
            out.filter = name;
            at_ += name.size() + 1;
        }
    }
    void take_value(Piece& out) {
        const std::size_t close = typed_[at_] == '"' ? typed_.find('"', at_ + 1) : std::string_view::npos;
        if (close != std::string_view::npos) {
            out.quoted = true;
            out.value = typed_.substr(at_ + 1, close - at_ - 1);
            at_ = close + 1;
            out.prefix = at_ < typed_.size() && typed_[at_] == '*';
            if (out.prefix) ++at_;
            return;
        }
        const std::size_t begin = at_;
        while (at_ < typed_.size() && !is_space(typed_[at_])) ++at_;
        out.value = typed_.substr(begin, at_ - begin);
    }

    std::string_view typed_;
    std::size_t at_ = 0;
};

/// Reads up to `digits` of them; 0 when there is another character.
int number_of(std::string_view text, std::size_t digits) {
    int out = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool whole = text.size() == digits && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    return whole && text.front() != '-' ? out : 0;
}

/// The first moment (UTC, nanoseconds) of a year, a month or a day.
Result<std::int64_t> moment_of(const Piece& piece) {
    using namespace std::chrono;
    const std::string_view text = piece.value;
    const int y = text.size() >= 4 ? number_of(text.substr(0, 4), 4) : 0;
    const bool has_month = text.size() >= 7 && text[4] == '-';
    const bool has_day = text.size() == 10 && has_month && text[7] == '-';
    const int m = has_month ? number_of(text.substr(5, 2), 2) : 1;
    const int d = has_day ? number_of(text.substr(8), 2) : 1;
    const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    const bool shape = has_day || (has_month && text.size() == 7) || text.size() == 4;
    if (!shape || !date.ok() || y < 1700 || y > 2200) {  // what 64 bits of nanoseconds hold
        return Error(ErrorCode::kInvalidArgument,
                     std::string(piece.filter) +
                         ": takes a date from 1700 to 2200 like 2024-05-31, 2024-05 or 2024, not \"" +
                         std::string(text.substr(0, 40)) + "\"; to search for these words put them in quotes");
    }
    return static_cast<std::int64_t>(sys_days(date).time_since_epoch().count()) * 86'400'000'000'000;
}

Status add_date(const Piece& piece, SearchFilter& filter) {
    if (piece.negated) {
        const std::string other = piece.filter == "after" ? "before" : "after";
        return Error(ErrorCode::kInvalidArgument,
                     "-" + std::string(piece.filter) + ": cannot be left out; write " + other + ": instead");
    }
    HEARTH_TRY(const std::int64_t moment, moment_of(piece));
    auto& bound = piece.filter == "after" ? filter.modified_from_ns : filter.modified_before_ns;
    const bool narrower = !bound || (piece.filter == "after" ? moment > *bound : moment < *bound);
    if (narrower) bound = moment;
    return {};
}

/// Quoted, so that "wi-fi" stays one thing.
std::string phrase_of(const Piece& piece) {
    std::string_view value = piece.value;
    const bool star = piece.prefix || (!piece.quoted && value.ends_with('*'));
    if (!piece.quoted && star) value.remove_suffix(1);
    std::string out = "\"";
    for (const char c : value) out += c == '"' ? ' ' : c;
    return out + (star ? "\"*" : "\"");
}

Status add_condition(const Piece& piece, SearchFilter& filter) {
    if (piece.filter == "after" || piece.filter == "before") return add_date(piece, filter);
    if (piece.filter.empty()) {
        filter.without += (filter.without.empty() ? "" : " ") + phrase_of(piece);
        return {};
    }
    FieldFilter& field = piece.filter == "path"   ? filter.path
                         : piece.filter == "type" ? filter.type
                                                  : filter.collection;
    (piece.negated ? field.none_of : field.any_of).emplace_back(piece.value);
    return {};
}

}  // namespace

Result<Query> parse_query(std::string_view typed) {
    if (typed.size() > kMaxQueryBytes) {
        return Error(ErrorCode::kInvalidArgument, "the query has " + std::to_string(typed.size()) + " bytes; at most " +
                                                      std::to_string(kMaxQueryBytes) + " are allowed");
    }
    Query query;
    std::size_t conditions = 0;
    Pieces pieces(typed);
    for (Piece piece; pieces.next(piece);) {
        if (piece.filter.empty() && !piece.negated) {
            query.text += (query.text.empty() || !piece.apart ? "" : " ") + std::string(piece.text);
            continue;
        }
        if (++conditions > kMaxQueryConditions) {
            return Error(ErrorCode::kInvalidArgument, "the query has more than " + std::to_string(kMaxQueryConditions) +
                                                          " filters and left-out words; leave some away");
        }
        HEARTH_TRY_STATUS(add_condition(piece, query.filter));
    }
    if (query.text.empty()) {
        return Error(ErrorCode::kInvalidArgument, conditions == 0
                                                      ? "the query is empty; say what to look for"
                                                      : "the query has filters only; add the words to look for");
    }
    return query;
}

}  // namespace hearth::retrieval
