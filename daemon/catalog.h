// The models hearth knows by name: upstream identity, file, hash, licence. And how a configured name becomes a path.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace hearth::daemon {

struct CatalogFile {
    const char* name;  ///< below home/models
    const char* url;   ///< upstream
    const char* sha256;
};

struct CatalogEntry {
    const char* name;      ///< what configuration and `hearth model pull` use
    const char* role;      ///< "chat" or "embedding"
    const char* upstream;  ///< "hf:owner/repository"
    const char* licence;
    std::span<const CatalogFile> files;
};

std::span<const CatalogEntry> catalog();
const CatalogEntry* find_in_catalog(std::string_view name);

/// The GGUF file or model directory for a configured name: catalog name, name below `models_directory`, or absolute
/// path. kNotFound says how to get it.
Result<std::string> resolve_model(const std::string& name, const std::string& models_directory);

}  // namespace hearth::daemon
