#include "llm/thoughts.h"

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

/// Pushed in pieces of `size` bytes.
ThoughtParser::Parts parse(std::string_view output, std::size_t size) {
    ThoughtParser parser;
    ThoughtParser::Parts all;
    const auto add = [&](const ThoughtParser::Parts& parts) {
        all.thought += parts.thought;
        all.text += parts.text;
    };
    for (std::size_t at = 0; at < output.size(); at += size) add(parser.push(output.substr(at, size)));
    add(parser.finish());
    return all;
}

struct Case {
    const char *output, *thought, *text;
};

TEST(ThoughtParser, SplitsHoweverTheOutputIsCut) {
    for (const Case& each : {
             Case{"\nI see.\nSo: \n</think>\n\nYes.\n", "I see.\nSo:", "Yes.\n"},
             Case{"</think>Yes", "", "Yes"},
             Case{"\n\n</think>\n\n", "", ""},
             Case{"a</think> b </think> c", "a", "b </think> c"},
             Case{"if a < b </thin k </think>then", "if a < b </thin k", "then"},
             Case{"never closed </thi", "never closed </thi", ""},
             Case{"ends in space \n", "ends in space", ""},
             Case{"<<</</</think>x", "<<</</", "x"},
             Case{"", "", ""},
         }) {
        for (std::size_t size = 1; size <= 24; ++size) {
            const auto parts = parse(each.output, size);
            EXPECT_EQ(parts.thought, each.thought) << each.output << " by " << size;
            EXPECT_EQ(parts.text, each.text) << each.output << " by " << size;
        }
    }
}

TEST(ThoughtParser, GivesOutWhatIsCertain) {
    ThoughtParser parser;
    EXPECT_EQ(parser.push("one two").thought, "one two");
    EXPECT_TRUE(parser.thinking());
    EXPECT_EQ(parser.push(" <").thought, "");
    EXPECT_EQ(parser.push("b").thought, " <b");
    EXPECT_EQ(parser.push("</think>").thought, "");
    EXPECT_FALSE(parser.thinking());
    EXPECT_EQ(parser.push("\n\n").text, "");
    EXPECT_EQ(parser.push("text\n").text, "text\n");
}

}  // namespace
}  // namespace hearth::llm
