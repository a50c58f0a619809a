#include "llm/stop_strings.h"

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

/// The same text in pieces of `size` bytes.
std::string run(const std::vector<std::string>& stops, const std::string& text, std::size_t size) {
    StopStrings filter(stops);
    std::string out;
    for (std::size_t i = 0; i < text.size() && !filter.matched(); i += size) out += filter.push(text.substr(i, size));
    return out + filter.finish();
}

TEST(StopStrings, CutsBeforeTheFirstStopHoweverTheTextIsSplit) {
    for (std::size_t size = 1; size < 12; ++size) {
        EXPECT_EQ(run({"STOP"}, "one STOP two", size), "one ");
        EXPECT_EQ(run({"\n\n", "END"}, "a\nb\n\nc END", size), "a\nb");
        EXPECT_EQ(run({"abcde", "bcd"}, "xabcdef", size), "xa") << "the one complete first";
        EXPECT_EQ(run({"aab"}, "aaaab", size), "aa");
        EXPECT_EQ(run({"never"}, "nev neve", size), "nev neve");
        EXPECT_EQ(run({""}, "plain", size), "plain");
        EXPECT_EQ(run({}, "plain", size), "plain");
    }
}

TEST(StopStrings, HoldsBackOnlyWhatMayBecomeAStop) {
    StopStrings filter({"</s>"});
    EXPECT_EQ(filter.push("text <"), "text ");
    EXPECT_EQ(filter.push("/"), "");
    EXPECT_EQ(filter.push("b"), "</b");
    EXPECT_EQ(filter.push("</s>tail"), "");
    EXPECT_TRUE(filter.matched());
    EXPECT_EQ(filter.push("more"), "");
    EXPECT_EQ(filter.finish(), "");
}

}  // namespace
}  // namespace hearth::llm
