#include "llm/gguf.h"

#include <gtest/gtest.h>

#include "support/gguf_builder.h"

namespace hearth::llm {
namespace {

using test::GgufBuilder;

std::span<const std::byte> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

ErrorCode code_of(const GgufBuilder& builder) {
    const std::string text = builder.build();
    const auto file = GgufFile::parse(bytes_of(text));
    EXPECT_FALSE(file.ok());
    return file.ok() ? ErrorCode::kInternal : file.error().code;
}

GgufBuilder small_model() {
    GgufBuilder builder;
    builder.add_text("general.architecture", "llama");
    builder.add_u32("llama.block_count", 2);
    builder.add_f32("llama.rope.freq_base", 10000.0f);
    builder.add_bool("tokenizer.ggml.add_bos_token", true);
    builder.add_texts("tokenizer.ggml.tokens", {"a", "b", ""});
    builder.add_i32s("tokenizer.ggml.token_type", {1, -3, 1});
    builder.add_f32_tensor("w", {4, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
    builder.add_tensor("q", {32}, DType::kQ8_0, std::string(34, '\1'));
    return builder;
}

TEST(Gguf, ReadsMetadataAndTensors) {
    const std::string text = small_model().build();
    const auto parsed = GgufFile::parse(bytes_of(text));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const GgufFile& file = *parsed.value();
    EXPECT_EQ(file.text("general.architecture").value(), "llama");
    EXPECT_EQ(file.integer("llama.block_count").value(), 2);
    EXPECT_EQ(file.number_or("llama.rope.freq_base", 0), 10000.0);
    EXPECT_EQ(file.integer_or("absent", 7), 7);
    EXPECT_FALSE(file.text("llama.block_count").ok());
    ASSERT_NE(file.texts("tokenizer.ggml.tokens"), nullptr);
    EXPECT_EQ(file.texts("tokenizer.ggml.tokens")->at(1), "b");
    const auto* types = std::get_if<std::vector<std::int64_t>>(file.find("tokenizer.ggml.token_type"));
    ASSERT_NE(types, nullptr);
    EXPECT_EQ(types->at(1), -3);
    ASSERT_NE(file.tensor("w"), nullptr);
    EXPECT_EQ(file.tensor("w")->dims, (std::vector<std::int64_t>{4, 2}));
    EXPECT_EQ(file.tensor("w")->bytes.size(), 32u);
    EXPECT_EQ(file.tensor("q")->bytes.size(), 34u);
    EXPECT_EQ(file.tensor("absent"), nullptr);
}

TEST(Gguf, TruncationAtEveryByteIsRefused) {
    const std::string text = small_model().build();
    for (std::size_t length = 0; length < text.size(); ++length) {
        const std::string cut = text.substr(0, length);  // its own allocation: a read past the end is seen
        const auto file = GgufFile::parse(bytes_of(cut));
        ASSERT_FALSE(file.ok()) << "at " << length;
        EXPECT_EQ(file.error().code, ErrorCode::kDataLoss) << "at " << length;
    }
}

TEST(Gguf, EverySingleByteChangeIsHandled) {
    const std::string text = small_model().build();
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (const int flip : {1, 0x80, 0xff}) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ flip);
            (void)GgufFile::parse(bytes_of(changed));
        }
    }
}

TEST(Gguf, ImpossibleCountsAreRefusedBeforeAllocating) {
    for (const std::uint64_t count : {1ull << 63, ~0ull - 1, 1ull << 32, 1000ull}) {
        GgufBuilder tensors = small_model();
        tensors.tensor_count_override = count;
        EXPECT_EQ(code_of(tensors), ErrorCode::kDataLoss);
        GgufBuilder metadata = small_model();
        metadata.metadata_count_override = count;
        EXPECT_EQ(code_of(metadata), ErrorCode::kDataLoss);
        GgufBuilder array;
        array.add_raw_array("x", 4, count, "abcd");
        EXPECT_EQ(code_of(array), ErrorCode::kDataLoss);
    }
}

TEST(Gguf, NestedArraysAndUnknownTypesAreRefused) {
    GgufBuilder nested;
    nested.add_raw_array("x", 9, 1, std::string(16, '\0'));
    EXPECT_EQ(code_of(nested), ErrorCode::kUnsupported);
    GgufBuilder odd_tensor;
    odd_tensor.add_tensor_at("w", {32}, 16, 0);  // IQ2_XXS
    EXPECT_EQ(code_of(odd_tensor), ErrorCode::kUnsupported);
}

TEST(Gguf, WrongVersionAndMagicAreNamed) {
    GgufBuilder builder = small_model();
    builder.version = 0x03000000;  // a big-endian file
    EXPECT_EQ(code_of(builder), ErrorCode::kUnsupported);
    const std::string text = "GGML rest of the file";
    EXPECT_EQ(GgufFile::parse(bytes_of(text)).error().code, ErrorCode::kDataLoss);
}

TEST(Gguf, DuplicatesAreRefused) {
    GgufBuilder keys;
    keys.add_u32("a", 1);
    keys.add_u32("a", 1);
    EXPECT_EQ(code_of(keys), ErrorCode::kDataLoss);
    GgufBuilder names;
    names.add_f32_tensor("w", {1}, std::vector<float>{1});
    names.add_f32_tensor("w", {1}, std::vector<float>{1});
    EXPECT_EQ(code_of(names), ErrorCode::kDataLoss);
}

TEST(Gguf, OverlappingAndMisplacedTensorsAreRefused) {
    const std::string payload(256, '\0');
    GgufBuilder overlap;
    overlap.add_tensor("a", {64}, DType::kF32, payload);
    overlap.add_tensor_at("b", {8}, 0, 128);
    EXPECT_EQ(code_of(overlap), ErrorCode::kDataLoss);
    GgufBuilder misaligned;
    misaligned.add_tensor("a", {64}, DType::kF32, payload);
    misaligned.add_tensor_at("b", {1}, 0, 33);
    EXPECT_EQ(code_of(misaligned), ErrorCode::kDataLoss);
    GgufBuilder beyond;
    beyond.add_tensor("a", {64}, DType::kF32, payload);
    beyond.add_tensor_at("b", {8}, 0, ~0ull - 31);
    EXPECT_EQ(code_of(beyond), ErrorCode::kDataLoss);
}

TEST(Gguf, BadShapesAreRefused) {
    const auto code_for = [](const std::vector<std::uint64_t>& dims, std::uint32_t type) {
        GgufBuilder builder;
        builder.add_tensor_at("w", dims, type, 0);
        return code_of(builder);
    };
    EXPECT_EQ(code_for({}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({1, 1, 1, 1, 1}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({0}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({1ull << 63}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({1ull << 32, 1ull << 32}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({1ull << 62}, 0), ErrorCode::kDataLoss);
    EXPECT_EQ(code_for({33}, 8), ErrorCode::kDataLoss);
}

TEST(Gguf, BadAlignmentIsRefused) {
    for (const std::uint32_t alignment : {0u, 1u, 12u, 131072u}) {
        GgufBuilder builder;
        builder.add_u32("general.alignment", alignment);
        EXPECT_EQ(code_of(builder), ErrorCode::kDataLoss);
    }
}

TEST(Gguf, IntegersAboveInt64AreRefused) {
    GgufBuilder builder;
    builder.add_u64("x", 1ull << 63);
    EXPECT_EQ(code_of(builder), ErrorCode::kDataLoss);
}

TEST(Gguf, MissingFileIsNotFound) {
    EXPECT_EQ(GgufFile::open("/nonexistent/model.gguf").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace hearth::llm
