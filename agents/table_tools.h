// The tools over tables: list_tables and query_table.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agents/tools.h"

namespace hearth::agents {

/// Names, columns with their kinds, row counts and files.
ToolResult list_tables(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope);

/// One SELECT. The passages are the places of the documents that tell of the tables it read; `computed` is what came
/// out.
ToolResult query_table(const nlohmann::json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope,
                       int first_number);

/// query_table as a model is offered it: the description names the tables and columns of `tables`, as far as it has
/// room.
llm::ToolDefinition query_table_over(llm::ToolDefinition plain, const std::vector<retrieval::TableInfo>& tables);

}  // namespace hearth::agents
