// The answering loop over a scripted engine: bounds, tools, refusal, checks.
#include <gtest/gtest.h>

#include "agents/agent.h"
#include "agents/tools.h"
#include "support/fake_engine.h"
#include "support/memory_folder.h"

namespace hearth::agents {
namespace {

constexpr const char* kQuestion = "How many days of paid leave do employees have?";

class Loop : public ::testing::Test {
  protected:
    Loop() {
        test::add_document(corpus_, "handbook/leave.txt",
                           "Employees have 27 days of paid leave. They have to ask before.\n\nAlcohol is not covered.");
    }

    Result<Answer> try_ask(const std::string& question) {
        AskRequest request;
        request.messages = messages_;
        request.messages.push_back({llm::Role::kUser, question, {}, {}, {}});
        request.path = path_;
        const auto agent = Agent::create(options_, model_, embedder_, corpus_);
        streamed_.clear();
        const auto sink = [this](const Event& event) {
            if (const auto* delta = std::get_if<DeltaEvent>(&event)) streamed_ += delta->text;
            return !on_event_ || on_event_(event);
        };
        return agent->ask(request, sink, stop_.get_token());
    }
    Answer ask(const std::string& question) {
        auto answer = try_ask(question);
        EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
        if (answer.ok() && answer->finish_reason != llm::FinishReason::kCancelled) {
            EXPECT_EQ(streamed_, answer->text);
        }
        return answer.ok() ? std::move(answer).value() : Answer{};
    }

    test::StepModel model_;
    test::BagEmbedder embedder_;
    test::MemoryCorpus corpus_;
    AgentOptions options_;
    std::vector<llm::Message> messages_;
    std::string path_;
    std::stop_source stop_;
    std::function<bool(const Event&)> on_event_;
    std::string streamed_;
};

TEST_F(Loop, AnswersFromTheEvidenceWithCheckedCitation) {
    model_.say("Employees have 27 days of paid leave.");
    const Answer answer = ask(kQuestion);
    EXPECT_TRUE(answer.found);
    EXPECT_FALSE(answer.quoted);
    EXPECT_EQ(answer.text, "Employees have 27 days of paid leave [1].");
    ASSERT_EQ(answer.citations.size(), 1u);
    EXPECT_TRUE(answer.citations[0].supported);
    const Source& source = answer.sources.at(0);
    EXPECT_TRUE(source.cited && source.verified);
    EXPECT_EQ(source.quote, "Employees have 27 days of paid leave.");
    EXPECT_TRUE(model_.requests.at(0).tools.empty());
    EXPECT_NE(model_.requests[0].messages.back().content.find("[1] Rules: Employees have 27 days"), std::string::npos);
}

TEST_F(Loop, UnsupportedSentenceIsReplacedByTheNearestOne) {
    model_.say("Employees have 40 days of paid leave. They like it.");
    const Answer answer = ask(kQuestion);
    EXPECT_TRUE(answer.quoted);
    EXPECT_EQ(answer.text, "\u201cEmployees have 27 days of paid leave\u201d [1].");
    EXPECT_EQ(answer.finish_reason, llm::FinishReason::kStop);
    EXPECT_TRUE(answer.unverified_quotes.empty());
}

TEST_F(Loop, SentenceThatRestsOnAnotherComesAfterTheNearestOne) {
    model_.say("Alcohol is not covered.");
    EXPECT_EQ(ask(kQuestion).text, "\u201cEmployees have 27 days of paid leave\u201d [1]. Alcohol is not covered [1].");
}

TEST_F(Loop, InstructionsOfTheClientKeepItsForm) {
    messages_.push_back({llm::Role::kSystem, "Antworte auf Deutsch.", {}, {}, {}});
    model_.say("Es sind viele Tage.");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(answer.text, "Es sind viele Tage.");
    EXPECT_EQ(answer.unsupported.size(), 1u);
}

TEST_F(Loop, QuotesThatNoPassageHoldsAreMarked) {
    messages_.push_back({llm::Role::kSystem, "Quote.", {}, {}, {}});
    model_.say("It says \"27 days of paid leave\" and \"unlimited paid leave\".");
    const Answer answer = ask(kQuestion);
    ASSERT_EQ(answer.unverified_quotes.size(), 1u);
    const retrieval::Span place = answer.unverified_quotes[0];
    EXPECT_EQ(answer.text.substr(place.start, place.end - place.start), "unlimited paid leave");
}

TEST_F(Loop, RefusesWithoutTheModel) {
    const Answer answer = ask("Who wrote Pride and Prejudice?");
    EXPECT_FALSE(answer.found);
    EXPECT_TRUE(answer.text.starts_with("Not found in your documents."));
    EXPECT_FALSE(answer.sources.empty());
    EXPECT_TRUE(model_.requests.empty());
}

TEST_F(Loop, FolderAndClockAreAnsweredByTheToolsResult) {
    const Answer answer = ask("Which documents do you have?");
    EXPECT_TRUE(answer.found);
    EXPECT_EQ(answer.text, "1 document\n- handbook/leave.txt");
    ASSERT_EQ(answer.tools.size(), 1u);
    EXPECT_TRUE(model_.requests.empty());
    EXPECT_NE(ask("What time is it?").text.find(" 20"), std::string::npos);
    options_.tools = ToolOffer::kNever;
    EXPECT_TRUE(ask("Which documents do you have?").tools.empty());
}

TEST_F(Loop, RequiredToolIsCalledByTheModelAndMoreMayFollow) {
    options_.max_steps = 1;  // still one more, for the answer
    model_.call("read_document", R"({"document_id":"leave.txt"})");
    model_.say("Employees have 27 days of paid leave.");
    const Answer answer = ask("Summarise leave.txt");
    ASSERT_EQ(model_.requests.size(), 2u);
    EXPECT_EQ(model_.requests[0].tool_choice, llm::ToolChoice::kNamed);
    EXPECT_EQ(model_.requests[0].tool_name, "read_document");
    EXPECT_EQ(model_.requests[1].tool_choice, llm::ToolChoice::kAuto);
    EXPECT_FALSE(model_.requests[1].tools.empty());
    EXPECT_TRUE(answer.found);
    EXPECT_EQ(answer.text, "Employees have 27 days of paid leave [1].");
    EXPECT_TRUE(answer.sources.at(0).verified);
}

TEST_F(Loop, FailedToolIsNoEvidence) {
    model_.call("read_document", R"({"document_id":"other.txt"})");
    model_.say("");
    const Answer answer = ask("Summarise other.txt");
    EXPECT_FALSE(answer.found);
    EXPECT_TRUE(answer.tools.at(0).failed);
    EXPECT_EQ(answer.text, "Not found in your documents.");
}

TEST_F(Loop, StepsAreBounded) {
    options_.tools = ToolOffer::kAlways;
    for (int i = 0; i < 20; ++i) model_.call("search_documents", R"({"query":"leave )" + std::to_string(i) + "\"}");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(model_.requests.size(), static_cast<std::size_t>(options_.max_steps));
    EXPECT_EQ(answer.finish_reason, llm::FinishReason::kLength);
    EXPECT_NE(answer.text.find("27 days"), std::string::npos);  // the evidence speaks for itself
}

TEST_F(Loop, ToolCallsAreBounded) {
    options_.tools = ToolOffer::kAlways;
    options_.max_steps = 20;
    for (int i = 0; i < 20; ++i) model_.call("search_documents", R"({"query":"leave )" + std::to_string(i) + "\"}");
    EXPECT_EQ(ask(kQuestion).tools.size(), static_cast<std::size_t>(options_.max_tool_calls));
}

TEST_F(Loop, TheSameCallAgainAndAgainIsRefused) {
    options_.tools = ToolOffer::kAlways;
    for (int i = 0; i < 3; ++i) model_.call("list_documents", "{}");
    model_.say("Employees have 27 days of paid leave.");
    const Answer answer = ask(kQuestion);
    ASSERT_EQ(answer.tools.size(), 3u);
    EXPECT_FALSE(answer.tools[1].failed);
    EXPECT_TRUE(answer.tools[2].failed);
}

TEST_F(Loop, CallWrittenAsTextNeverReachesTheReader) {
    model_.say("<tool_call>\n{\"name\": \"list_documents\", \"arguments\": {}}\n</tool_call>");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(answer.text.find("tool_call"), std::string::npos);
    EXPECT_NE(answer.text.find("27 days"), std::string::npos);
}

TEST_F(Loop, TimeIsBounded) {
    options_.tools = ToolOffer::kAlways;
    options_.max_time = std::chrono::seconds(0);
    model_.call("list_documents", "{}");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(model_.requests.size(), 1u);
    EXPECT_EQ(answer.finish_reason, llm::FinishReason::kLength);
}

TEST_F(Loop, CancelEndsTheRun) {
    model_.on_call = [this] { stop_.request_stop(); };
    model_.say("Employees have 27 days of paid leave.");
    EXPECT_EQ(ask(kQuestion).finish_reason, llm::FinishReason::kCancelled);
    EXPECT_EQ(ask(kQuestion).finish_reason, llm::FinishReason::kCancelled);  // before the search
    EXPECT_EQ(model_.requests.size(), 1u);
}

TEST_F(Loop, AReaderThatLeavesEndsTheRun) {
    on_event_ = [](const Event& event) { return !std::holds_alternative<DeltaEvent>(event); };
    model_.say("Employees have 27 days of paid leave. They have to ask before.");
    EXPECT_EQ(ask(kQuestion).finish_reason, llm::FinishReason::kCancelled);
}

TEST_F(Loop, DroppedHistoryIsCounted) {
    model_.say("Employees have 27 days of paid leave.");
    for (int i = 0; i < 3; ++i) {
        messages_.push_back({llm::Role::kUser, std::string(2000, 'x'), {}, {}, {}});
        messages_.push_back({llm::Role::kAssistant, "Yes.", {}, {}, {}});
    }
    EXPECT_EQ(ask(kQuestion).history_dropped, 6);
}

TEST_F(Loop, AQuestionLongerThanTheContextIsRefusedWithTheNumbers) {
    EXPECT_TRUE(try_ask(std::string(8000, 'x')).ok());
    const auto answer = try_ask(std::string(80000, 'x'));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(answer.error().message.find("tokens"), std::string::npos);
}

TEST_F(Loop, NoQuestionIsAnError) {
    EXPECT_EQ(try_ask(" ").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth::agents
