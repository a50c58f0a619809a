// Questions whose answer is to be computed over a table, and what a model's SQL for one must have. English only, pure.
//
// A small model writes good SQL when it sees the tables as CREATE statements with a few of their rows, and bad SQL out
// of a tool's description. What it writes may be about something else than the question, and its result looks exact: so
// it is compared with the question before it counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agents/tools.h"
#include "core/sqlite_guard.h"
#include "llm/types.h"
#include "retrieval/types.h"

namespace hearth::agents {

/// A count, a sum, a mean or an extreme.
bool asks_to_compute(std::string_view question);

/// The question has a word of the table's name, title or columns, beside those that ask to compute; or its document is
/// nothing but tables.
bool is_about(std::string_view question, const retrieval::TableInfo& table);

struct SampledTable {
    retrieval::TableInfo table;
    SqlRows rows;  ///< of the table, the first of them shown to the model; or none
};

/// What the model is asked; as many of the tables as there is room for.
std::vector<llm::Message> sql_messages(std::string_view question, const std::vector<SampledTable>& tables);

/// The statement of the model's reply; empty: there is none.
std::string sql_of_reply(std::string_view reply);
/// The form of the reply, as JSON Schema.
extern const std::string_view kSqlReplySchema;

/// Why the statement does not ask what the question asks: a text in it that the question does not say, a value of the
/// tables' rows that the question says and it does not, or not the function that the question asks for. Empty: nothing
/// is to be said against it.
std::string objection_to(std::string_view sql, std::string_view question, const std::vector<SampledTable>& tables);

/// Something came out: a row that is not just NULL or 0, which a filter that fits nothing gives, too.
bool says_something(const SqlRows& rows);

/// The result and the statement, for a person. `marks` are the citation numbers; where they stand goes to `places`.
std::string table_answer(const SqlRows& rows, std::string_view sql, const std::vector<int>& marks,
                         std::vector<CitationMark>& places);

}  // namespace hearth::agents
