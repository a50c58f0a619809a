#include "llm/tool_calls.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

struct Parsed {
    std::string text;
    std::vector<ToolCall> calls;
};

Parsed parse(const std::vector<std::string>& deltas) {
    ToolCallParser parser({"search", "read"});
    Parsed parsed;
    for (const std::string& delta : deltas) parsed.text += parser.push(delta);
    parsed.text += parser.finish();
    parsed.calls = parser.calls();
    return parsed;
}

void expect_call(const std::string& answer, const std::string& name, const std::string& arguments) {
    const Parsed parsed = parse({answer});
    EXPECT_EQ(parsed.text, "") << answer;
    ASSERT_EQ(parsed.calls.size(), 1u) << answer;
    EXPECT_EQ(parsed.calls[0].name, name);
    EXPECT_EQ(parsed.calls[0].arguments, arguments);
    EXPECT_TRUE(parsed.calls[0].id.starts_with("call_"));
}

void expect_text(const std::string& answer) {
    const Parsed parsed = parse({answer});
    EXPECT_EQ(parsed.text, answer);
    EXPECT_TRUE(parsed.calls.empty()) << answer;
}

TEST(ToolCallParser, ReadsEverySyntax) {
    expect_call("<tool_call>\n{\"name\": \"search\", \"arguments\": {\"q\": \"a\", \"b\": 1}}\n</tool_call>", "search",
                R"({"q":"a","b":1})");
    expect_call(R"({"name": "read", "arguments": {}})", "read", "{}");
    expect_call(" {\"name\": \"read\", \"parameters\": {\"p\": [1, {\"x\": \"}\"}]}}\n", "read",
                R"({"p":[1,{"x":"}"}]})");
    expect_call("```json\n{\"name\": \"read\", \"arguments\": {\"z\": 1, \"a\": 2}}\n```\n", "read",
                R"({"z":1,"a":2})");
    expect_call("```\n{\"arguments\": {}, \"name\": \"read\"}\n```", "read", "{}");
    expect_call(R"(<tool_call>[{"name":"read","arguments":"{\"a\":1}"}]</tool_call>)", "read", R"({"a":1})");
    expect_call(R"(<tool_call>{"name":"read","arguments":{"t":"</tool_call>"}}</tool_call>)", "read",
                R"({"t":"</tool_call>"})");
}

TEST(ToolCallParser, ForgivesAMissingClosingTag) {
    expect_call("<tool_call>{\"name\":\"read\",\"arguments\":{}}", "read", "{}");
    expect_call("<tool_call>{\"name\":\"read\",\"arguments\":{}}\n</tool", "read", "{}");
    const Parsed parsed =
        parse({"<tool_call>{\"name\":\"read\",\"arguments\":{}}\n<tool_call>{\"name\":\"search\",\"arguments\":{}}"});
    EXPECT_EQ(parsed.calls.size(), 2u);
    EXPECT_EQ(parsed.text, "");
}

TEST(ToolCallParser, LeavesWhatIsNoCallAsText) {
    expect_text("");
    expect_text("\n ");
    expect_text("plain < text <tool <tool_cal");
    expect_text("<tool_call>not json</tool_call>");
    expect_text("<tool_call>{\"name\": \"unknown\", \"arguments\": {}}</tool_call>");
    expect_text("<tool_call>{\"name\": \"read\", \"arguments\": 5}</tool_call>");
    expect_text("<tool_call>{\"name\": \"read\", ");
    expect_text(R"({"name": "unknown", "arguments": {}})");
    expect_text(R"({"answer": 42})");
    expect_text(R"({"name": "read"})");
    expect_text(R"({"name": "read", "arguments": {}} is how one would call it)");
    expect_text("See:\n{\"name\": \"read\", \"arguments\": {}}");
    expect_text("```python\nprint()\n```");
    expect_text("``");
}

TEST(ToolCallParser, KeepsTextAroundCalls) {
    const Parsed parsed =
        parse({"Let me look.\n<tool_call>{\"name\":\"read\",\"arguments\":{}}</tool_call>\n and then"});
    EXPECT_EQ(parsed.text, "Let me look.\n and then");
    EXPECT_EQ(parsed.calls.size(), 1u);
}

TEST(ToolCallParser, StreamsTextAsSoonAsItIsCertain) {
    ToolCallParser parser({"read"});
    EXPECT_EQ(parser.push("Hello"), "Hello");
    EXPECT_EQ(parser.push(" world <"), " world");
    EXPECT_EQ(parser.push("b>"), " <b>");
    ToolCallParser object({"read"});
    EXPECT_EQ(object.push("{\"na"), "");
    EXPECT_EQ(object.push("tion\""), "{\"nation\"");
    ToolCallParser none({});
    EXPECT_EQ(none.push("<tool_call>"), "<tool_call>");
}

TEST(ToolCallParser, LosesNothingHoweverTheAnswerIsCut) {
    const std::vector<std::string> pieces = {"text",
                                             " ",
                                             "\n",
                                             "<",
                                             "<tool_call>",
                                             "</tool_call>",
                                             "{",
                                             "}",
                                             "\"name\"",
                                             "```",
                                             "<tool_call>{\"name\":\"read\",\"arguments\":{\"a\":\"<\"}}</tool_call>",
                                             "{\"name\":\"search\",\"arguments\":{}}",
                                             "json\n",
                                             "[1]"};
    std::mt19937 random(11);
    for (int round = 0; round < 3000; ++round) {
        std::string answer;
        for (std::size_t i = random() % 8; i > 0; --i) answer += pieces[random() % pieces.size()];
        std::vector<std::string> deltas;
        for (std::size_t at = 0; at < answer.size();) {
            const std::size_t length = 1 + random() % 9;
            deltas.push_back(answer.substr(at, length));
            at += length;
        }
        const Parsed whole = parse({answer});
        const Parsed cut = parse(deltas);
        EXPECT_EQ(cut.text, whole.text) << answer;
        ASSERT_EQ(cut.calls.size(), whole.calls.size()) << answer;
        if (whole.calls.empty()) {
            EXPECT_EQ(whole.text, answer);
        }
        // Text is a subsequence of the answer, and what is missing is calls, their tags and whitespace.
        std::size_t at = 0;
        for (const char c : whole.text) {
            at = answer.find(c, at);
            ASSERT_NE(at, std::string::npos) << answer;
            ++at;
        }
        for (std::size_t i = 0; i < whole.calls.size(); ++i) {
            EXPECT_EQ(cut.calls[i].arguments, whole.calls[i].arguments);
        }
    }
}

}  // namespace
}  // namespace hearth::llm
