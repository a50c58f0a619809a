#include "llm/safetensors.h"

#include <cstring>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

std::string file_of(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &length, 8);
    return out + header + std::string(data_bytes, '\1');
}

Result<std::unique_ptr<SafetensorsFile>> parse(const std::string& text) {
    return SafetensorsFile::parse({reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

ErrorCode refusal(const std::string& header, std::size_t data_bytes) {
    const std::string text = file_of(header, data_bytes);
    const auto file = parse(text);
    EXPECT_FALSE(file.ok()) << header;
    return file.ok() ? ErrorCode::kInternal : file.error().code;
}

const char* const kGood = R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                          R"("p":{"dtype":"I64","shape":[1,2],"data_offsets":[24,40]},)"
                          R"("h":{"dtype":"BF16","shape":[],"data_offsets":[40,42]}})";

TEST(Safetensors, ListsFloatTensors) {
    const std::string text = file_of(kGood, 42);
    const auto file = parse(text);
    ASSERT_TRUE(file.ok()) << file.error().message;
    ASSERT_NE(file.value()->tensor("w"), nullptr);
    EXPECT_EQ(file.value()->tensor("w")->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(file.value()->tensor("w")->bytes.size(), 24u);
    EXPECT_EQ(file.value()->tensor("h")->type, DType::kBF16);
    EXPECT_EQ(file.value()->tensor("p"), nullptr);
}

TEST(Safetensors, TruncationAtEveryByteIsRefused) {
    const std::string text = file_of(kGood, 42);
    for (std::size_t length = 0; length < text.size(); ++length) {
        const std::string cut = text.substr(0, length);
        ASSERT_FALSE(parse(cut).ok()) << "at " << length;
    }
}

TEST(Safetensors, HolesOverlapAndTrailingBytesAreRefused) {
    const auto two = [](const char* second) {
        return std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],)") +
               R"("data_offsets":)" + second + "}}";
    };
    EXPECT_EQ(refusal(two("[12,20]"), 20), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(two("[4,12]"), 12), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(two("[8,16]"), 17), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(two("[16,8]"), 16), ErrorCode::kDataLoss);
}

TEST(Safetensors, DuplicateNamesAreRefused) {
    EXPECT_EQ(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                      R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                      16),
              ErrorCode::kDataLoss);
}

TEST(Safetensors, ImpossibleShapesAndOffsetsAreRefused) {
    const auto one = [](const char* shape, const char* offsets) {
        return std::string(R"({"a":{"dtype":"F32","shape":)") + shape + R"(,"data_offsets":)" + offsets + "}}";
    };
    EXPECT_EQ(refusal(one("[4611686018427387904,4]", "[0,0]"), 0), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(one("[0]", "[0,0]"), 0), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(one("[-1]", "[0,4]"), 4), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(one("[1.5]", "[0,6]"), 6), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(one("[1]", "[0,18446744073709551615]"), 4), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(one("{}", "[0,4]"), 4), ErrorCode::kDataLoss);
}

TEST(Safetensors, UnknownElementTypeIsUnsupported) {
    EXPECT_EQ(refusal(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4), ErrorCode::kUnsupported);
}

TEST(Safetensors, HugeHeaderIsRefused) {
    std::string text(16, '\xff');
    EXPECT_EQ(parse(text).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace hearth::llm
