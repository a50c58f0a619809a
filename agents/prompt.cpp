#include "agents/prompt.h"

namespace hearth::agents {
namespace {

constexpr std::string_view kAnswerInstructions =
    "Answer the question in one short sentence, using only the numbered passages.";
constexpr std::string_view kToolInstructions =
    "You look after the user's folder of documents. Answer in one short sentence from what the tools return.";

std::string one_line(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    }
    return out;
}

std::vector<llm::Message> with_system(std::string_view instructions, const Conversation& conversation) {
    std::string system(instructions);
    if (!conversation.instructions.empty()) system += "\n\n" + conversation.instructions;
    std::vector<llm::Message> messages;
    messages.push_back({llm::Role::kSystem, std::move(system), {}, {}, {}});
    messages.insert(messages.end(), conversation.turns.begin(), conversation.turns.end());
    return messages;
}

}  // namespace

std::string passage_line(int number, const retrieval::Hit& hit) {
    std::string line = "[" + std::to_string(number) + "] ";
    line += hit.chunk.heading.empty() ? hit.document.path : hit.chunk.heading;
    line += ": ";
    line += one_line(hit.text);
    return line;
}

std::vector<llm::Message> answer_messages(const Conversation& conversation,
                                          const std::vector<retrieval::Hit>& passages) {
    std::vector<llm::Message> messages = with_system(kAnswerInstructions, conversation);
    std::string content;
    int number = 0;
    for (const retrieval::Hit& passage : passages) content += passage_line(++number, passage) + "\n";
    content += "\nQuestion: " + conversation.question;
    messages.push_back({llm::Role::kUser, std::move(content), {}, {}, {}});
    return messages;
}

std::vector<llm::Message> tool_messages(const Conversation& conversation) {
    std::vector<llm::Message> messages = with_system(kToolInstructions, conversation);
    messages.push_back({llm::Role::kUser, conversation.question, {}, {}, {}});
    return messages;
}

}  // namespace hearth::agents
