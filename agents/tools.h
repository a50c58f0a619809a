// PUBLIC. The tools a model may call: all read-only, all over the record. Arguments are checked against their schema
// before anything runs; results are capped and are untrusted text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/passages.h"
#include "llm/types.h"
#include "retrieval/corpus.h"

namespace hearth::agents {

struct ToolResult {
    std::string text;                      ///< what the model reads; at most kToolResultBytes
    bool failed = false;                   ///< `text` then says what to do differently
    std::vector<retrieval::Hit> passages;  ///< shown in `text` under the numbers from `first_number` on
    std::string computed;                  ///< query_table: the rows in `text`. They are said of all `passages`
    SqlRows rows;                          ///< query_table: all that came out
    std::string data;                      ///< the same for programs, as JSON; empty: there is nothing more to say
};

inline constexpr std::size_t kToolResultBytes = 3000;

/// search_documents, read_document, list_documents, current_time, list_tables, query_table.
const std::vector<llm::ToolDefinition>& tool_definitions();

/// The tool a question asks for, empty: none. list_documents and current_time for questions about the folder itself or
/// the clock ("which documents …", "what time …"), read_document and search_documents for orders to do so ("read
/// leave.txt", "search for …"). English only.
std::string tool_asked_for(std::string_view question);

/// The request's own filters bind every tool.
struct ToolScope {
    std::string collection;
    std::string path;  ///< glob
    std::string type;
};

/// Those that a model is offered: the last two only where there are tables, and query_table with their columns in its
/// description; list_tables only where these do not fit.
std::vector<llm::ToolDefinition> offered_tools(const retrieval::Corpus& corpus, const ToolScope& scope);

/// Runs one call. Never fails as a whole: a wrong call is a failed ToolResult the model can learn from.
/// An unknown collection, which small models invent, is named in the result and not used. `first_number` is the
/// citation number the next new passage gets.
ToolResult run_tool(const llm::ToolCall& call, const retrieval::Corpus& corpus, const ToolScope& scope,
                    int first_number);

}  // namespace hearth::agents
