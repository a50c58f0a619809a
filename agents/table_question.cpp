#include "agents/table_question.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agents/prompt.h"
#include "agents/words.h"
#include "core/json.h"
#include "core/utf8.h"

namespace hearth::agents {

const std::string_view kSqlReplySchema =
    R"({"type":"object","properties":{"sql":{"type":"string","maxLength":600}},"required":["sql"],)"
    R"("additionalProperties":false})";

namespace {

constexpr std::size_t kPromptBytes = 4000;
constexpr std::size_t kSampleCellBytes = 40;
constexpr std::size_t kSampleRows = 3;
constexpr std::size_t kColumnsShown = 40;
constexpr std::size_t kRowsShown = 20;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// " how many orders are paid ": words between single blanks, so that a phrase is found by its words.
std::string spaced(std::string_view text) {
    std::string out = " ";
    for (const char c : lower(text)) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
        if (letter)
            out += c;
        else if (out.back() != ' ')
            out += ' ';
    }
    return out.back() == ' ' ? out : out + ' ';
}

bool has_any(const std::string& text, const std::vector<std::string_view>& parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

/// What a question can ask to compute, and what SQL says for it.
struct Wish {
    std::vector<std::string_view> words;  ///< of the question, in blanks
    std::vector<std::string_view> sql;    ///< one of these
    std::string_view name;
};

const std::vector<Wish>& wishes() {
    static const std::vector<Wish> kWishes = {
        {{" how many ", " count ", " number of "}, {"count(", "sum(", "total("}, "count()"},
        {{" sum ", " total ", " how much ", " altogether "}, {"sum(", "total(", "count("}, "sum()"},
        {{" average ", " on average "}, {"avg("}, "avg()"},
        {{" highest ", " largest ", " biggest ", " greatest ", " longest ", " latest ", " maximum ", " most "},
         {"max(", " desc"},
         "max()"},
        {{" lowest ", " smallest ", " shortest ", " earliest ", " cheapest ", " minimum ", " fewest "},
         {"min(", " order by "},
         "min()"}};
    return kWishes;
}

std::string without(std::string text, std::string_view phrase) {
    const std::size_t at = text.find(phrase);
    return at == std::string::npos ? text : text.replace(at, phrase.size(), " ");
}

std::string question_words(std::string_view question) {
    return without(without(spaced(question), " at most "), " at least ");
}

std::set<std::string> stems_of(std::string_view text) {
    std::set<std::string> stems;
    for (const Word& word : words_of(text)) stems.insert(word.stem);
    return stems;
}

/// The texts in quotes.
std::vector<std::string> literals_of(std::string_view sql) {
    std::vector<std::string> literals;
    for (std::size_t at = sql.find('\''); at != std::string_view::npos; at = sql.find('\'', at + 1)) {
        std::string text;
        for (++at; at < sql.size(); ++at) {
            if (sql[at] == '\'' && (at + 1 == sql.size() || sql[at + 1] != '\'')) break;
            if (sql[at] == '\'') ++at;
            text += sql[at];
        }
        literals.push_back(std::move(text));
    }
    return literals;
}

bool is_format(std::string_view literal) {
    return literal.size() >= 2 && literal[0] == '%' && literal.find_first_not_of("%YmdHMSjWw- :/.") == literal.npos;
}

std::string sample_text(const SqlRows& rows) {
    std::string text;
    for (std::size_t place = 0; place < std::min(rows.rows.size(), kSampleRows); ++place) {
        const auto& row = rows.rows[place];
        text += text.empty() ? "(" : "; (";
        for (std::size_t i = 0; i < std::min(row.size(), kColumnsShown); ++i) {
            std::string cell = one_line(print_value(row[i]));
            cell.resize(utf8_floor(cell, kSampleCellBytes));
            const bool is_text = std::holds_alternative<std::string>(row[i]);
            if (std::holds_alternative<std::monostate>(row[i])) cell = "NULL";
            text += (i > 0 ? ", " : "") + (is_text ? "'" + cell + "'" : cell);
        }
        text += ")";
    }
    return text;
}

/// A text of the rows that the question says and the statement does not.
std::string value_left_out(const std::string& sql, const std::string& question,
                           const std::vector<SampledTable>& tables) {
    constexpr std::size_t kShortest = 3;  // shorter ones are words of any question
    for (const SampledTable& table : tables) {
        for (const auto& row : table.rows.rows) {
            for (const SqlValue& value : row) {
                const auto* text = std::get_if<std::string>(&value);
                if (text == nullptr || text->size() < kShortest || text->size() > kSampleCellBytes) continue;
                const std::string words = spaced(*text);
                if (words.size() > kShortest && question.find(words) != std::string::npos &&
                    sql.find(words) == std::string::npos)
                    return *text;
            }
        }
    }
    return {};
}

std::string schema_text(const SampledTable& sampled) {
    const retrieval::TableInfo& table = sampled.table;
    std::string text = "CREATE TABLE " + table.name + " (";
    for (std::size_t i = 0; i < std::min(table.columns.size(), kColumnsShown); ++i) {
        if (i > 0) text += ", ";
        const std::string type(cell_type_name(table.columns[i].type));
        text += table.columns[i].name + " ";
        for (const char c : type) text += static_cast<char>(c - 'a' + 'A');
    }
    text += ");\n";
    if (!sampled.rows.rows.empty()) text += "-- rows of " + table.name + ": " + sample_text(sampled.rows) + "\n";
    return text;
}

std::string shown_cell(const SqlValue& value) {
    std::string text = one_line(print_value(value));
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
    return text;
}

std::string rows_table(const SqlRows& rows) {
    std::string text = "|";
    for (const std::string& column : rows.columns) text += " " + shown_cell(column) + " |";
    text += "\n|";
    for (std::size_t i = 0; i < rows.columns.size(); ++i) text += " --- |";
    const std::size_t shown = std::min(rows.rows.size(), kRowsShown);
    for (std::size_t row = 0; row < shown; ++row) {
        text += "\n|";
        for (const SqlValue& value : rows.rows[row]) text += " " + shown_cell(value) + " |";
    }
    if (shown < rows.rows.size() || rows.cut) text += "\n\nThere are more rows.";
    return text;
}

}  // namespace

bool asks_to_compute(std::string_view question) {
    const std::string words = question_words(question);
    return std::any_of(wishes().begin(), wishes().end(), [&](const Wish& wish) { return has_any(words, wish.words); });
}

bool is_about(std::string_view question, const retrieval::TableInfo& table) {
    const std::string& type = table.document.type;
    if (type == "csv" || type == "xlsx" || type == "ods") return true;
    static const std::vector<std::string> kComputing = content_stems(
        "count number sum total average highest largest biggest greatest longest latest maximum most lowest smallest "
        "shortest earliest cheapest minimum fewest");
    std::string names = table.name + " " + table.title;
    for (const retrieval::ColumnInfo& column : table.columns) names += " " + column.title;
    std::replace(names.begin(), names.end(), '_', ' ');
    const std::set<std::string> known = stems_of(names);
    const std::vector<std::string> asked = content_stems(question);
    return std::any_of(asked.begin(), asked.end(), [&](const std::string& stem) {
        return known.contains(stem) && std::find(kComputing.begin(), kComputing.end(), stem) == kComputing.end();
    });
}

std::vector<llm::Message> sql_messages(std::string_view question, const std::vector<SampledTable>& tables) {
    std::string content;
    for (const SampledTable& table : tables) {
        const std::string text = schema_text(table);
        if (content.size() + text.size() <= kPromptBytes) content += text;
    }
    content += "\nQuestion: " + std::string(question);
    return {{llm::Role::kSystem, "Write one SQLite SELECT that answers the question.", {}, {}, {}},
            {llm::Role::kUser, std::move(content), {}, {}, {}}};
}

std::string sql_of_reply(std::string_view reply) {
    const auto body = parse_json(reply);
    if (!body.ok() || !body->is_object()) return {};
    const auto sql = body->find("sql");
    return sql != body->end() && sql->is_string() ? sql->get<std::string>() : std::string();
}

std::string objection_to(std::string_view sql, std::string_view question, const std::vector<SampledTable>& tables) {
    std::string words = question_words(question);
    const std::string code = " " + lower(one_line(sql));
    for (auto wish = wishes().rbegin(); wish != wishes().rend(); ++wish) {
        if (!has_any(words, wish->words)) continue;
        if (!has_any(code, wish->sql)) return "the question asks for " + std::string(wish->name);
        // "The average number of pages" is no count, but "the highest total" is one of sums.
        words = without(std::move(words), " number of ");
    }
    const std::set<std::string> asked = stems_of(question);
    for (const std::string& literal : literals_of(sql)) {
        if (is_format(literal) || literal == "now") continue;
        for (const Word& word : words_of(literal)) {
            if (!word.number && !asked.contains(word.stem)) return "the question does not say '" + literal + "'";
        }
    }
    const std::string value = value_left_out(spaced(sql), spaced(question), tables);
    return value.empty() ? value : "the question also says '" + value + "'";
}

bool says_something(const SqlRows& rows) {
    if (rows.rows.empty()) return false;
    if (rows.rows.size() > 1) return true;
    const auto& only = rows.rows.front();
    return std::any_of(only.begin(), only.end(), [](const SqlValue& value) {
        const std::string text = print_value(value);
        return !text.empty() && text != "0";
    });
}

std::string table_answer(const SqlRows& rows, std::string_view sql, const std::vector<int>& marks,
                         std::vector<CitationMark>& places) {
    const bool single = rows.rows.size() == 1 && rows.rows.front().size() == 1 && !rows.cut;
    std::string text = single ? shown_cell(rows.rows.front().front()) : rows_table(rows) + "\n\nFrom the table";
    for (const int number : marks) {
        const std::string mark = "[" + std::to_string(number) + "]";
        text += " ";
        places.push_back({text.size(), text.size() + mark.size(), number, true});
        text += mark;
    }
    return text + ".\n\nComputed by:\n\n```sql\n" + one_line(sql) + "\n```";
}

}  // namespace hearth::agents
