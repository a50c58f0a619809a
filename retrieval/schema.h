// The record's tables and how older ones become the present ones.
#pragma once

#include <string>

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth::retrieval {

/// PRAGMA user_version of a record this program writes.
constexpr int kSchemaVersion = 3;

/// Brings an empty or older record to kSchemaVersion in one transaction. kUnsupported for a record written by a newer
/// program: nothing is touched.
Status migrate(Database& database);

/// Small facts about the record by name; empty when there is none.
Result<std::string> meta_value(Database& database, std::string_view key);
Status set_meta(Database& database, std::string_view key, std::string_view value);

/// Binds the record to the embedder on first use. kInvalidArgument with the remedy when it is bound to another.
Status bind_embedder(Database& database, const std::string& embedder_id, int dimensions);

}  // namespace hearth::retrieval
