#include "agents/prompt.h"

#include <algorithm>

namespace hearth::agents {
namespace {

constexpr std::string_view kAnswerInstructions =
    "Answer the question in one full sentence, using only the facts below.";
constexpr std::string_view kToolInstructions =
    "You look after the user's folder of documents. Answer in one short sentence from what the tools return.";

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

std::string_view last_heading(std::string_view heading) {
    const std::size_t last = heading.rfind(" > ");
    return last == std::string_view::npos ? heading : heading.substr(last + 3);
}

std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!blank) {
            out.push_back(c);
        } else if (!out.empty() && out.back() != ' ') {
            out.push_back(' ');
        }
    }
    for (const std::string_view bullet : {"- ", "* ", "\u2022 "}) {
        if (out.starts_with(bullet)) out.erase(0, bullet.size());
    }
    const std::size_t first = out.find_first_not_of(" |");
    const std::size_t last = out.find_last_not_of(" |");
    return first == std::string::npos ? std::string() : out.substr(first, last - first + 1);
}

std::vector<std::string> evidence_lines(const std::vector<retrieval::Hit>& passages,
                                        const std::vector<RankedSentence>& sentences, std::size_t count) {
    std::vector<std::string> lines;
    if (count == 0) {
        int number = 0;
        for (const retrieval::Hit& passage : passages) lines.push_back(passage_line(++number, passage));
    }
    for (std::size_t i = 0; i < std::min(count, sentences.size()); ++i) {
        const RankedSentence& ranked = sentences[i];
        retrieval::Hit hit = passages[ranked.passage];
        hit.chunk.heading = last_heading(hit.chunk.heading);
        hit.text = hit.text.substr(ranked.span.start, ranked.span.end - ranked.span.start);
        lines.push_back(passage_line(static_cast<int>(ranked.passage) + 1, hit));
    }
    return lines;
}

std::vector<llm::Message> answer_messages(const Conversation& conversation, const std::vector<std::string>& evidence) {
    std::vector<llm::Message> messages = with_system(kAnswerInstructions, conversation);
    std::string content;
    for (const std::string& line : evidence) content += line + "\n";
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
