#include "agents/tool_parts.h"

#include <nlohmann/json.hpp>

namespace hearth::agents {

ToolResult failure(std::string text) {
    ToolResult result;
    result.text = std::move(text);
    result.failed = true;
    return result;
}

Result<Collection> collection_of(const nlohmann::json& arguments, const retrieval::Corpus& corpus,
                                 const ToolScope& scope) {
    if (!scope.collection.empty()) return Collection{scope.collection, {}};
    const std::string wanted = arguments.value("collection", std::string());
    if (wanted.empty()) return Collection{};
    HEARTH_TRY(const std::vector<retrieval::DocumentStatus> documents, corpus.documents(wanted));
    if (!documents.empty()) return Collection{wanted, {}};
    return Collection{{}, "There is no collection \"" + wanted + "\"; looked in all.\n"};
}

}  // namespace hearth::agents
