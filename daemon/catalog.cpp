#include "daemon/catalog.h"

#include <array>
#include <filesystem>

#include "core/file.h"

namespace hearth::daemon {
namespace {

constexpr std::array kQwenFiles = {
    CatalogFile{"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF:qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"}};

// Upstream publishes the weights; this exact quantised file is only known from the package that scripts/models uses.
constexpr std::array kSmolFiles = {CatalogFile{"smollm2-135m-instruct-q4_1.gguf", "",
                                               "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"}};

constexpr std::array kMiniLmFiles = {
    CatalogFile{"all-MiniLM-L6-v2/model.safetensors", "hf:sentence-transformers/all-MiniLM-L6-v2:model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"},
    CatalogFile{"all-MiniLM-L6-v2/tokenizer.json", "hf:sentence-transformers/all-MiniLM-L6-v2:tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"},
    CatalogFile{"all-MiniLM-L6-v2/config.json", "hf:sentence-transformers/all-MiniLM-L6-v2:config.json",
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"},
    CatalogFile{"all-MiniLM-L6-v2/1_Pooling/config.json",
                "hf:sentence-transformers/all-MiniLM-L6-v2:1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"},
    CatalogFile{"all-MiniLM-L6-v2/sentence_bert_config.json",
                "hf:sentence-transformers/all-MiniLM-L6-v2:sentence_bert_config.json",
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"}};

constexpr std::array kCatalog = {
    CatalogEntry{"qwen2.5-coder-0.5b-instruct", "chat", "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "Apache-2.0",
                 kQwenFiles},
    CatalogEntry{"smollm2-135m-instruct", "chat", "hf:HuggingFaceTB/SmolLM2-135M-Instruct", "Apache-2.0", kSmolFiles},
    CatalogEntry{"all-MiniLM-L6-v2", "embedding", "hf:sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0",
                 kMiniLmFiles},
};

}  // namespace

std::span<const CatalogEntry> catalog() {
    return kCatalog;
}

const CatalogEntry* find_in_catalog(std::string_view name) {
    for (const CatalogEntry& entry : kCatalog) {
        if (name == entry.name) return &entry;
    }
    return nullptr;
}

Result<std::string> resolve_model(const std::string& name, const std::string& models_directory) {
    std::filesystem::path path(name);
    if (const CatalogEntry* entry = find_in_catalog(name)) {
        const bool is_directory = entry->files.size() > 1;
        path = is_directory ? std::string(entry->name) : std::string(entry->files.front().name);
    }
    if (path.is_relative()) path = std::filesystem::path(models_directory) / path;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path.string();
    const CatalogEntry* entry = find_in_catalog(name);
    const bool has_address = entry != nullptr && *entry->files.front().url != '\0';
    const std::string remedy = has_address        ? "; fetch it with 'hearth model pull " + name + "' or scripts/models"
                               : entry != nullptr ? "; scripts/models installs it"
                                                  : "; put it there, or choose one of 'hearth model list'";
    return Error(ErrorCode::kNotFound, "model '" + name + "' is not at " + path.string() + remedy);
}

}  // namespace hearth::daemon
