#include "daemon/catalog.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "daemon/download.h"
#include "support/temp_dir.h"

namespace hearth::daemon {
namespace {

TEST(Catalog, ResolvesNamesPathsAndMissingOnes) {
    const test::TempDir models;
    ASSERT_TRUE(atomic_write_file(models.path("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"), "x").ok());

    EXPECT_EQ(*resolve_model("qwen2.5-coder-0.5b-instruct", models.path()),
              models.path("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"));
    EXPECT_EQ(*resolve_model(models.path("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"), "/nowhere"),
              models.path("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"));
    const auto missing = resolve_model("smollm2-135m-instruct", models.path());
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("scripts/models"), std::string::npos);
    EXPECT_EQ(missing.error().message.find("model pull"), std::string::npos) << "it has no address to pull from";
    const auto pullable = resolve_model("all-MiniLM-L6-v2", models.path());
    EXPECT_NE(pullable.error().message.find("hearth model pull all-MiniLM-L6-v2"), std::string::npos);
    EXPECT_NE(resolve_model("mine.gguf", models.path()).error().message.find("hearth model list"), std::string::npos);
}

TEST(Catalog, EveryHashIsASha256) {
    for (const CatalogEntry& entry : catalog()) {
        for (const CatalogFile& file : entry.files) EXPECT_EQ(std::string(file.sha256).size(), 64u) << file.name;
    }
}

TEST(ModelUrl, UnderstandsHubReferencesAndUrls) {
    EXPECT_EQ(*resolve_model_url("hf:a/b:c.gguf"), "https://huggingface.co/a/b/resolve/main/c.gguf");
    EXPECT_EQ(*resolve_model_url("hf:a/b/d/c.gguf"), "https://huggingface.co/a/b/resolve/main/d/c.gguf");
    EXPECT_EQ(*resolve_model_url("http://127.0.0.1/x"), "http://127.0.0.1/x");
    EXPECT_FALSE(resolve_model_url("hf:a/b").ok());
    EXPECT_FALSE(resolve_model_url("ftp://x/y").ok());
}

}  // namespace
}  // namespace hearth::daemon
