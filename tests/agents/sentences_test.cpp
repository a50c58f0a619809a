#include "agents/sentences.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::agents {
namespace {

std::vector<std::string> pieces(const std::string& text) {
    std::vector<std::string> out;
    for (const retrieval::Span span : sentences_of(text)) out.push_back(text.substr(span.start, span.end - span.start));
    return out;
}

using Pieces = std::vector<std::string>;

TEST(Sentences, StopsInsideNumbersAndInitialsDoNotEndOne) {
    EXPECT_EQ(pieces("It gives 9.2 kW. J. Bakker leads it. Done"),
              (Pieces{"It gives 9.2 kW.", "J. Bakker leads it.", "Done"}));
}

TEST(Sentences, ListItemsAndTableRowsStandAlone) {
    EXPECT_EQ(pieces("- one thing\n- another\n  with more\n| a | b |\n| c | d |"),
              (Pieces{"- one thing", "- another\n  with more", "| a | b |", "| c | d |"}));
}

TEST(Sentences, HeadingOfPlainTextIsApart) {
    EXPECT_EQ(pieces("Annual leave\nEvery employee has 27 days\nof leave."),
              (Pieces{"Annual leave", "Every employee has 27 days\nof leave."}));
    EXPECT_EQ(pieces("It is due.\n\nDeposit\nThe deposit is two months."),
              (Pieces{"It is due.", "Deposit", "The deposit is two months."}));
}

TEST(Sentences, WideStopsEndOne) {
    EXPECT_EQ(pieces("\u4e00\u3002\u4e8c\u3002"), (Pieces{"\u4e00\u3002", "\u4e8c\u3002"}));
}

TEST(Sentences, EmptyAndBlankTextHasNone) {
    EXPECT_TRUE(pieces("").empty());
    EXPECT_TRUE(pieces(" \n\n ").empty());
}

}  // namespace
}  // namespace hearth::agents
