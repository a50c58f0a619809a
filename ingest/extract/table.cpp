#include "ingest/extract/table.h"

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_set>

#include "core/decimal.h"
#include "ingest/extract/table_data.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kScaleDigits = 6;
constexpr std::size_t kMostDistinct = 1000;  // counted exactly up to here
constexpr std::size_t kMostColumnsTold = 200;

using Sum = __int128;

std::string print_scaled(Sum value) {
    const bool negative = value < 0;
    if (negative) value = -value;
    std::string digits;
    for (; value > 0 || digits.size() <= kScaleDigits; value /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    std::string text = (negative ? "-" : "") + digits.substr(0, digits.size() - kScaleDigits);
    std::string fraction = digits.substr(digits.size() - kScaleDigits);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return fraction.empty() ? text : text + "." + fraction;
}

struct ColumnFacts {
    std::size_t filled = 0;
    std::size_t numbers = 0;
    Sum sum = 0;
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    std::int64_t largest = std::numeric_limits<std::int64_t>::min();
    std::unordered_set<std::string_view> distinct;
    std::size_t dates = 0;
    std::string_view earliest;
    std::string_view latest;

    void add(std::string_view cell) {
        if (cell.empty()) return;
        ++filled;
        if (distinct.size() <= kMostDistinct) distinct.insert(cell);
        if (is_date(cell)) {
            earliest = dates == 0 ? cell : std::min(earliest, cell);
            latest = std::max(latest, cell);
            ++dates;
        }
        const auto number = read_decimal(cell);
        if (!number) return;
        ++numbers;
        sum += *number;
        smallest = std::min(smallest, *number);
        largest = std::max(largest, *number);
    }

    bool mostly_numbers() const { return 2 * numbers > filled; }

    Sum mean() const {
        const auto count = static_cast<Sum>(numbers);
        return (sum + (sum < 0 ? -count : count) / 2) / count;
    }

    /// `name` is the column's, said again in the words of a question for its total.
    std::string text(const std::string& name) const {
        if (filled == 0) return "empty";
        const std::string count = std::to_string(filled) + (filled == 1 ? " value" : " values");
        if (mostly_numbers()) {
            const std::string kind = numbers == filled ? "numbers, " + count
                                                       : "numbers in " + std::to_string(numbers) + " of " + count +
                                                             " (the others are left out)";
            return kind + ", total " + name + " (sum) " + print_scaled(sum) + ", lowest " + print_scaled(smallest) +
                   ", highest " + print_scaled(largest) + ", average " + name + " (mean) " + print_scaled(mean());
        }
        if (dates == filled)
            return "dates, " + count + ", earliest " + std::string(earliest) + ", latest " + std::string(latest);
        const bool many = distinct.size() > kMostDistinct;
        return "text, " + count + ", " +
               (many ? "more than " + std::to_string(kMostDistinct) : std::to_string(distinct.size())) + " different";
    }
};

/// The last row adds up the rows above it, in every column where it has a number.
bool ends_in_totals(const Table& table, const std::vector<ColumnFacts>& above) {
    constexpr std::size_t kFewestRows = 3;
    if (table.rows() < kFewestRows) return false;
    bool any = false;
    for (std::size_t i = 0; i < above.size(); ++i) {
        const auto total = read_decimal(table.cell(table.rows() - 1, i));
        if (!total) continue;
        if (above[i].numbers < 2 || above[i].sum != *total || *total == 0) return false;
        any = true;
    }
    return any;
}

struct Totals {
    std::vector<ColumnFacts> columns;
    bool in_last_row = false;  ///< that one is left out of the columns
};

Totals totals_of(const Table& table) {
    const std::size_t told = std::min(table.columns.size(), kMostColumnsTold);
    Totals totals{std::vector<ColumnFacts>(told)};
    for (std::size_t row = 0; row < table.rows(); ++row) {
        totals.in_last_row = row + 1 == table.rows() && ends_in_totals(table, totals.columns);
        if (totals.in_last_row) break;
        for (std::size_t i = 0; i < std::min(told, table.width(row)); ++i) totals.columns[i].add(table.cell(row, i));
    }
    return totals;
}

std::string summary(const Table& table, const Totals& totals) {
    std::string text = "Table" + (table.name.empty() ? "" : " " + table.name) + ": " + std::to_string(table.rows()) +
                       (table.rows() == 1 ? " row, " : " rows, ") + std::to_string(table.columns.size()) +
                       (table.columns.size() == 1 ? " column" : " columns");
    if (totals.in_last_row) text += "\nThe last row holds the totals of the others and is left out below.";
    for (std::size_t i = 0; i < totals.columns.size(); ++i)
        text += "\n" + table.columns[i] + ": " + totals.columns[i].text(table.columns[i]);
    return text;
}

/// Of rows inside running text: nothing for fewer than two beneath names, and where they differ in width, as merged
/// cells make them: nobody can tell which column their cells belong to.
std::optional<Table> regular_table(std::string name, std::vector<Row> rows) {
    constexpr std::size_t kFewestRows = 3;
    if (rows.size() < kFewestRows) return std::nullopt;
    const std::size_t width = rows.front().size();
    if (std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.size() != width; })) return std::nullopt;
    Table table = make_table(std::move(name), std::move(rows));
    if (!table.named || table.columns.size() < 2) return std::nullopt;
    return table;
}

/// A small table, or one without figures, says everything itself.
bool is_worth_summary(const Table& table, const Totals& totals) {
    constexpr std::size_t kFewestRows = 5;
    return table.rows() >= kFewestRows && std::any_of(totals.columns.begin(), totals.columns.end(),
                                                      [](const ColumnFacts& facts) { return facts.mostly_numbers(); });
}

std::string join_row(const Row& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) text += (i > 0 ? " | " : "") + cells[i];
    return text;
}

}  // namespace

bool is_date(std::string_view text) {
    constexpr std::string_view kForm = "dddd-dd-dd";
    if (text.size() < kForm.size()) return false;
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != '-') return false;
    }
    const auto two_digits = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
    const int month = two_digits(5);
    const int day = two_digits(8);
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    const std::string_view rest = text.substr(kForm.size());
    return rest.empty() || ((rest[0] == ' ' || rest[0] == 'T') &&
                            rest.substr(1).find_first_not_of("0123456789:.") == std::string_view::npos);
}

void Table::add(const Row& cells) {
    std::size_t filled = std::min(cells.size(), columns.size());
    while (filled > 0 && cells[filled - 1].empty()) --filled;
    rows_.push_back(ends_.size());
    for (std::size_t i = 0; i < filled; ++i) {
        bytes_ += cells[i];
        ends_.push_back(bytes_.size());
    }
}

std::size_t Table::width(std::size_t row) const {
    return (row + 1 < rows_.size() ? rows_[row + 1] : ends_.size()) - rows_[row];
}

std::string_view Table::cell(std::size_t row, std::size_t column) const {
    if (column >= width(row)) return {};
    const std::size_t index = rows_[row] + column;
    const std::size_t start = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(bytes_).substr(start, ends_[index] - start);
}

bool has_header(const std::vector<Row>& sample) {
    if (sample.size() < 2) return false;
    const Row& first = sample.front();
    std::set<std::string_view> seen;
    bool figures = false;
    bool recurs = false;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i].empty() || read_decimal(first[i]) || !seen.insert(first[i]).second) return false;
        std::size_t numbers = 0;
        std::size_t filled = 0;
        for (std::size_t row = 1; row < sample.size(); ++row) {
            if (i >= sample[row].size() || sample[row][i].empty()) continue;
            ++filled;
            numbers += read_decimal(sample[row][i]) ? 1 : 0;
            recurs = recurs || sample[row][i] == first[i];
        }
        figures = figures || (filled > 0 && numbers == filled);
    }
    return figures || !recurs;
}

Table make_table(std::string name, std::vector<Row> rows) {
    constexpr std::size_t kSampleRows = 200;
    Table table;
    table.name = std::move(name);
    std::size_t width = 0;
    for (const Row& row : rows) width = std::max(width, row.size());
    const bool header =
        has_header({rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), kSampleRows))});
    table.named = header;
    if (header) table.columns = rows.front();
    for (std::size_t i = table.columns.size(); i < width; ++i)
        table.columns.push_back("column " + std::to_string(i + 1));
    for (std::size_t i = header ? 1 : 0; i < rows.size(); ++i) table.add(rows[i]);
    return table;
}

void write_rows(TextBuilder& builder, std::vector<Row> rows, std::optional<int> page, std::string name) {
    std::erase_if(rows, [](const Row& row) {
        return std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); });
    });
    builder.begin_table(rows.empty() ? std::string() : join_row(rows.front()));
    for (const Row& row : rows) builder.add(BlockKind::kTable, join_row(row), 0, page);
    builder.end_table();
    const auto table = regular_table(std::move(name), std::move(rows));
    if (!table) return;
    const Totals totals = totals_of(*table);
    if (is_worth_summary(*table, totals)) builder.add(BlockKind::kParagraph, summary(*table, totals), 0, page);
    builder.keep_table(pack_table(*table, table->rows() - (totals.in_last_row ? 1 : 0), page));
}

void write_table(TextBuilder& builder, const Table& table, int level, std::optional<int> page) {
    if (table.columns.empty()) return;
    const int own = std::min(level + 1, 6);
    builder.add(BlockKind::kHeading, "Columns and totals", own, page);
    const Totals totals = totals_of(table);
    builder.add(BlockKind::kParagraph, summary(table, totals), 0, page);
    if (table.rows() > 0) builder.keep_table(pack_table(table, table.rows() - (totals.in_last_row ? 1 : 0), page));
    const std::string columns = join_row(table.columns);
    builder.begin_table(columns);
    if (table.named) builder.add(BlockKind::kTable, columns, own, page);
    for (std::size_t row = 0; row < table.rows(); ++row) {
        std::string text;
        for (std::size_t i = 0; i < table.width(row); ++i) (text += i > 0 ? " | " : "") += table.cell(row, i);
        builder.add(BlockKind::kTable, text, own, page);
    }
    builder.end_table();
}

}  // namespace hearth::ingest
