#include "agents/history.h"

#include <algorithm>
#include <unordered_set>

#include "agents/words.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kShortQuestionStems = 2;
constexpr int kTurnOverheadTokens = 5;  // the role marks around a message

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

/// Words that point back at something said before.
bool points_back(std::string_view question) {
    static const std::unordered_set<std::string> kPointers = {
        "it", "its", "they", "them", "their", "that", "those", "these", "this", "he", "she", "him", "her", "there",
    };
    const std::vector<Word> words = words_of(question);
    for (const Word& word : words) {
        std::string spelling(question.substr(word.span.start, word.span.end - word.span.start));
        std::transform(spelling.begin(), spelling.end(), spelling.begin(),
                       [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (kPointers.contains(spelling)) return true;
    }
    return content_stems(question).size() <= kShortQuestionStems;
}

/// "[1]" of an earlier answer points at passages that are gone: the model would copy it.
std::string without_marks(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '[') {
            const std::size_t close = text.find(']', at);
            const std::string_view inner =
                close == std::string_view::npos ? std::string_view{} : text.substr(at + 1, close - at - 1);
            if (!inner.empty() && inner.find_first_not_of("0123456789, ") == std::string_view::npos) {
                if (!out.empty() && out.back() == ' ') out.pop_back();
                at = close;
                continue;
            }
        }
        out.push_back(text[at]);
    }
    return out;
}

}  // namespace

Result<Conversation> read_conversation(const std::vector<llm::Message>& messages) {
    std::size_t last = messages.size();
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].role == llm::Role::kUser) last = i;
    }
    if (last == messages.size()) {
        return Error(ErrorCode::kInvalidArgument, "There is no user message: send the question as the last message.");
    }
    Conversation conversation;
    conversation.question = trimmed(messages[last].content);
    if (conversation.question.empty()) {
        return Error(ErrorCode::kInvalidArgument, "The question is empty: the last user message has no text.");
    }
    std::string previous;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const llm::Message& message = messages[i];
        if (message.role == llm::Role::kSystem) {
            if (!conversation.instructions.empty()) conversation.instructions += "\n\n";
            conversation.instructions += trimmed(message.content);
        } else if (i < last && message.role == llm::Role::kUser) {
            previous = trimmed(message.content);
            conversation.turns.push_back({llm::Role::kUser, previous, {}, {}, {}});
        } else if (i < last && message.role == llm::Role::kAssistant && !message.content.empty()) {
            conversation.turns.push_back({llm::Role::kAssistant, without_marks(message.content), {}, {}, {}});
        }
    }
    conversation.search_text = conversation.question;
    if (!previous.empty() && points_back(conversation.question)) {
        conversation.search_text = previous + "\n" + conversation.question;
    }
    return conversation;
}

void trim_turns(std::vector<llm::Message>& turns, int budget_tokens,
                const std::function<int(std::string_view)>& count) {
    std::size_t first = turns.size();
    int used = 0;
    while (first > 0) {
        used += count(turns[first - 1].content) + kTurnOverheadTokens;
        if (used > budget_tokens) break;
        --first;
    }
    while (first < turns.size() && turns[first].role != llm::Role::kUser) ++first;
    turns.erase(turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(first));
}

}  // namespace hearth::agents
