// What the tools share: their failures, and the collection that a call may look in.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "agents/tools.h"

namespace hearth::agents {

/// `text` says what to do differently.
ToolResult failure(std::string text);

/// The collection to look in, and a line about one that was asked for but is not there.
struct Collection {
    std::string name;
    std::string note;
};

Result<Collection> collection_of(const nlohmann::json& arguments, const retrieval::Corpus& corpus,
                                 const ToolScope& scope);

}  // namespace hearth::agents
