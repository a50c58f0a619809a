#include "agents/citations.h"

#include <gtest/gtest.h>

#include <string>

namespace hearth::agents {
namespace {

const SupportIndex& support() {
    static const SupportIndex kIndex({{1, "Meals", "We pay 45 euros a day for meals. Alcohol is not covered."},
                                      {2, "Trains", "Take the train when the trip is shorter than six hours."}});
    return kIndex;
}

/// The same text whatever the size of the pieces it comes in.
CitationWriter written(const std::string& answer, CitationWriter::Judge judge = {}) {
    CitationWriter whole({1, 2}, support(), judge);
    std::string streamed = whole.push(answer);
    streamed += whole.finish();
    EXPECT_EQ(streamed, whole.text());
    CitationWriter bytes({1, 2}, support(), judge);
    std::string joined;
    for (const char c : answer) joined += bytes.push(std::string(1, c));
    joined += bytes.finish();
    EXPECT_EQ(joined, whole.text()) << answer;
    for (const CitationMark& mark : whole.marks()) {
        EXPECT_EQ(whole.text().substr(mark.start, mark.end - mark.start), "[" + std::to_string(mark.number) + "]");
    }
    return whole;
}

TEST(Citations, TextAfterCheck) {
    struct Case {
        const char* name;
        const char* answer;
        const char* text;
    };
    for (const Case& c : {
             Case{"missing mark is added", "We pay 45 euros for meals.", "We pay 45 euros for meals [1]."},
             Case{"right mark is kept", "We pay 45 euros for meals [1].", "We pay 45 euros for meals [1]."},
             Case{"mark behind the stop moves in", "Take the train. [2]", "Take the train [2]."},
             Case{"wrong mark moves", "Take the train for a shorter trip [1].",
                  "Take the train for a shorter trip [2]."},
             Case{"unknown number vanishes", "Take the train for the trip [7].", "Take the train for the trip [2]."},
             Case{"words for a mark", "Alcohol is not covered [passage 1].", "Alcohol is not covered [1]."},
             Case{"mark on an invention is dropped", "Dinner with the king is free [1].",
                  "Dinner with the king is free."},
             Case{"mark on a contradiction is dropped", "Alcohol is covered [1].", "Alcohol is covered."},
             Case{"two sentences", "Alcohol is not covered. Take the train for the trip!",
                  "Alcohol is not covered [1]. Take the train for the trip [2]!"},
             Case{"brackets of the text stay", "Take the train [sic] for the trip.",
                  "Take the train [sic] for the trip [2]."},
             Case{"list numbers end nothing", "1. Alcohol is not covered", "1. Alcohol is not covered [1]"},
             Case{"code is left alone", "```\nx[1] = 45.\n```\nAlcohol is not covered.",
                  "```\nx[1] = 45.\n```\nAlcohol is not covered [1]."},
             Case{"tagged call vanishes", "<tool_call>\n{\"name\": \"current_time\"}\n</tool_call>", ""},
             Case{"call behind text vanishes", "Alcohol is not covered.\n<tool_call>\n{}",
                  "Alcohol is not covered [1]."},
             Case{"bare call vanishes", "{\"name\": \"list_documents\", \"arguments\": {}}", ""},
             Case{"nothing", "", ""},
         }) {
        EXPECT_EQ(written(c.answer).text(), c.text) << c.name;
    }
}

TEST(Citations, UnsupportedSentencesAreNoted) {
    const CitationWriter writer = written("Alcohol is not covered. Dinner with the king is free.");
    ASSERT_EQ(writer.unsupported().size(), 1u);
    const retrieval::Span place = writer.unsupported()[0];
    EXPECT_EQ(writer.text().substr(place.start, place.end - place.start), "Dinner with the king is free.");
}

TEST(Citations, SupportBySentenceIsTold) {
    EXPECT_TRUE(written("Alcohol is not covered.").marks().at(0).supported);
    // One word of each of three sentences: the passage holds them, no sentence of it does.
    const SupportIndex spread({{1, "", "Ash is grey. Birch burns well. Coal lasts long."}});
    CitationWriter writer({1}, spread);
    writer.push("Ash, birch, coal.");
    writer.finish();
    ASSERT_EQ(writer.marks().size(), 1u);
    EXPECT_FALSE(writer.marks()[0].supported);
}

TEST(Citations, JudgeReplacesTheFirstSentenceAndEndsIt) {
    const auto judge = [](std::string_view, const std::optional<Support>&) {
        return CitationWriter::Ruling{.keep = false, .quotes = {{"Alcohol is not covered.", 1}}};
    };
    const CitationWriter writer = written("Alcohol is free. And so on.", judge);
    EXPECT_EQ(writer.text(), "\u201cAlcohol is not covered\u201d [1].");
    EXPECT_TRUE(writer.stopped());
}

TEST(Citations, JudgeMayQuoteBeforeTheSentence) {
    const auto judge = [](std::string_view, const std::optional<Support>&) {
        return CitationWriter::Ruling{.keep = true, .quotes = {{"Alcohol is not covered.", 1}}};
    };
    EXPECT_EQ(written("Take the train for the trip.", judge).text(),
              "\u201cAlcohol is not covered\u201d [1]. Take the train for the trip [2].");
}

}  // namespace
}  // namespace hearth::agents
