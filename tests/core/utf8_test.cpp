#include "core/utf8.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(Utf8, RejectsOverlongSurrogateAndTooLarge) {
    EXPECT_FALSE(is_valid_utf8("\xC0\xAF"));
    EXPECT_FALSE(is_valid_utf8("\xE0\x80\xAF"));
    EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
    EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
    EXPECT_TRUE(is_valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

TEST(Utf8, EveryCodePointSurvivesARoundTrip) {
    for (char32_t c = 0; c <= 0x10FFFF; c += 7) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        std::string text;
        append_utf8(text, c);
        const auto decoded = decode_utf8(text, 0);
        ASSERT_TRUE(decoded.valid);
        ASSERT_EQ(decoded.value, c);
        ASSERT_EQ(decoded.length, text.size());
    }
}

TEST(Utf8, SanitizeReplacesEachBadByte) {
    EXPECT_EQ(sanitize_utf8("a\xFF\xFE"
                            "b"),
              "a\xEF\xBF\xBD\xEF\xBF\xBD"
              "b");
}

TEST(Utf8, CompletePrefixHoldsBackAnUnfinishedCodePoint) {
    EXPECT_EQ(utf8_complete_prefix("ab\xE2\x82"), 2u);
    EXPECT_EQ(utf8_complete_prefix("ab\xE2\x82\xAC"), 5u);
    EXPECT_EQ(utf8_complete_prefix(""), 0u);
}

TEST(Utf8, FloorNeverCutsACodePoint) {
    EXPECT_EQ(utf8_floor("a\xE2\x82\xAC", 2), 1u);
    EXPECT_EQ(utf8_floor("a\xE2\x82\xAC", 9), 4u);
}

}  // namespace
}  // namespace hearth
