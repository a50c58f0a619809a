#include "agents/history.h"

#include <gtest/gtest.h>

namespace hearth::agents {
namespace {

Conversation after(const std::string& previous, const std::string& question) {
    auto conversation = read_conversation({{llm::Role::kSystem, "Be kind.", {}, {}, {}},
                                           {llm::Role::kUser, previous, {}, {}, {}},
                                           {llm::Role::kAssistant, "It weighs 148 kg [1].", {}, {}, {}},
                                           {llm::Role::kUser, question, {}, {}, {}}});
    EXPECT_TRUE(conversation.ok());
    return std::move(conversation).value();
}

TEST(History, SortsTheMessages) {
    const Conversation conversation = after("How heavy is the Ember 9?", "  Who approves flights? ");
    EXPECT_EQ(conversation.instructions, "Be kind.");
    EXPECT_EQ(conversation.question, "Who approves flights?");
    ASSERT_EQ(conversation.turns.size(), 2u);
    EXPECT_EQ(conversation.turns[1].content, "It weighs 148 kg.");  // marks point at passages that are gone
}

TEST(History, OnlyFollowUpsAreSearchedWithTheQuestionBefore) {
    struct Case {
        const char* question;
        bool follow_up;
    };
    for (const Case& c : {
             Case{"How much does it cost?", true},
             Case{"And in Norway?", true},
             Case{"What about flights?", true},
             Case{"Why?", true},
             Case{"What does that mean?", true},
             Case{"Who approves flights?", false},
             Case{"Core hours?", false},
             Case{"How long is parental leave?", false},
             Case{"How heavy is this stove?", false},
             Case{"Which is the stove that squeaks?", false},
             Case{"Is there parking?", false},
         }) {
        const Conversation conversation = after("How heavy is the Ember 9?", c.question);
        EXPECT_EQ(conversation.search_text != c.question, c.follow_up) << c.question;
    }
}

TEST(History, GateSeesTheTopicButNotTheEarlierQuestion) {
    EXPECT_EQ(after("How heavy is the Ember 9?", "How much does it cost?").gate_text,
              "How much does it cost? (Ember 9)");
    EXPECT_EQ(after("How heavy is the Ember 9?", "Who approves flights?").gate_text, "Who approves flights?");
}

TEST(History, TopicIsNamesAndWhatStandsBehindAnArticle) {
    EXPECT_EQ(topic_of("Who leads the pellet stove project?"), "pellet stove project");
    EXPECT_EQ(topic_of("Why?"), "");
}

TEST(History, LongQuestionIsCutAtAWordForTheSearchOnly) {
    std::string question;
    while (question.size() < 6000) question += "wood ";
    const auto conversation = read_conversation({{llm::Role::kUser, question, {}, {}, {}}});
    ASSERT_TRUE(conversation.ok());
    EXPECT_GT(conversation->question.size(), 5900u);
    EXPECT_LE(conversation->search_text.size(), 4096u);
    EXPECT_TRUE(conversation->search_text.ends_with("wood"));
}

TEST(History, NoQuestionIsAnError) {
    EXPECT_EQ(read_conversation({}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(read_conversation({{llm::Role::kUser, " \n", {}, {}, {}}}).error().code, ErrorCode::kInvalidArgument);
}

TEST(History, TrimCountsWhatItDropsAndStartsWithAUser) {
    std::vector<llm::Message> turns = after("How heavy is the Ember 9?", "Why?").turns;
    const auto cost = [](std::string_view) { return 10; };
    std::vector<llm::Message> all = turns;
    EXPECT_EQ(trim_turns(all, 30, cost), 0);
    EXPECT_EQ(all.size(), 2u);
    EXPECT_EQ(trim_turns(turns, 20, cost), 2);  // the answer alone would fit, but starts with the assistant
    EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace hearth::agents
