#include "agents/history.h"

#include <algorithm>
#include <unordered_set>

#include "agents/marks.h"
#include "agents/words.h"
#include "core/utf8.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kEllipsisWords = 4;
constexpr std::size_t kSearchBytes = 4000;  // retrieval takes 4096
constexpr int kTurnOverheadTokens = 5;      // the role marks around a message

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> spellings_of(std::string_view text, const std::vector<Word>& words) {
    std::vector<std::string> out;
    for (const Word& word : words) {
        std::string spelling(text.substr(word.span.start, word.span.end - word.span.start));
        std::transform(spelling.begin(), spelling.end(), spelling.begin(),
                       [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        out.push_back(std::move(spelling));
    }
    return out;
}

/// A pronoun for something said before. "this" and "that" count only when no noun follows ("this stove" names its
/// thing) and no content word stands before ("the stove that squeaks").
bool has_pronoun(const std::vector<Word>& words, const std::vector<std::string>& spellings) {
    static const std::unordered_set<std::string> kPersonal = {"it", "its", "they", "them", "their", "theirs",
                                                              "he", "she", "him",  "her",  "his",   "hers"};
    static const std::unordered_set<std::string> kDo = {"do", "does", "did"};
    static const std::unordered_set<std::string> kPointing = {"this", "that", "these", "those"};
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (kPersonal.contains(spellings[i])) return true;
        const bool verb_follows = i > 0 && i + 2 == words.size() && kDo.contains(spellings[i - 1]);  // "does that mean"
        const bool noun_follows = i + 1 < words.size() && words[i + 1].content && !verb_follows;
        const bool relative = i > 0 && words[i - 1].content;
        if (kPointing.contains(spellings[i]) && !noun_follows && !relative) return true;
    }
    return false;
}

/// "And in Norway?", "What about flights?", "How much?", "Why?"
bool is_ellipsis(const std::vector<Word>& words, const std::vector<std::string>& spellings) {
    if (spellings.empty()) return false;
    static const std::unordered_set<std::string> kLinks = {"and", "or", "but", "also", "then"};
    if (kLinks.contains(spellings[0])) return true;
    if (spellings.size() > 1 && spellings[1] == "about") return true;
    const auto contents = std::count_if(words.begin(), words.end(), [](const Word& word) { return word.content; });
    const bool bare = contents == 0;
    static const std::unordered_set<std::string> kPlaces = {"in", "for", "with", "without", "from", "to", "on", "at"};
    return words.size() <= kEllipsisWords && (bare || kPlaces.contains(spellings[0]));
}

bool points_back(std::string_view question) {
    const std::vector<Word> words = words_of(question);
    const std::vector<std::string> spellings = spellings_of(question, words);
    return has_pronoun(words, spellings) || is_ellipsis(words, spellings);
}

std::string cut_at_word(const std::string& text, std::size_t limit) {
    if (text.size() <= limit) return text;
    const std::size_t border = text.find_last_of(" \t\r\n", limit);
    return text.substr(0, border == std::string::npos || border == 0 ? utf8_floor(text, limit) : border);
}

std::string bare_text(std::string_view text) {
    std::vector<int> numbers;  // of earlier answers: they point at passages that are gone, the model would copy them
    return without_marks(text, numbers);
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
            conversation.turns.push_back({llm::Role::kAssistant, bare_text(message.content), {}, {}, {}});
        }
    }
    conversation.search_text = conversation.question;
    conversation.gate_text = conversation.question;
    if (!previous.empty() && points_back(conversation.question)) {
        conversation.search_text = conversation.question + "\n" + previous;
        const std::string topic = topic_of(previous);
        if (!topic.empty()) conversation.gate_text += " (" + topic + ")";
    }
    conversation.search_text = cut_at_word(conversation.search_text, kSearchBytes);
    return conversation;
}

std::string topic_of(std::string_view question) {
    static const std::unordered_set<std::string> kArticles = {"the", "a", "an", "my", "our", "your", "this", "that"};
    const std::vector<Word> words = words_of(question);
    const std::vector<std::string> spellings = spellings_of(question, words);
    std::string topic;
    bool inside = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool opens = kArticles.contains(spellings[i]);
        inside = words[i].content && (inside || words[i].name);
        if (inside) {
            if (!topic.empty()) topic += ' ';
            topic += question.substr(words[i].span.start, words[i].span.end - words[i].span.start);
        }
        inside = inside || opens;
    }
    return topic;
}

int trim_turns(std::vector<llm::Message>& turns, int budget_tokens, const std::function<int(std::string_view)>& count) {
    std::size_t first = turns.size();
    int used = 0;
    while (first > 0) {
        used += count(turns[first - 1].content) + kTurnOverheadTokens;
        if (used > budget_tokens) break;
        --first;
    }
    while (first < turns.size() && turns[first].role != llm::Role::kUser) ++first;
    turns.erase(turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(first));
    return static_cast<int>(first);
}

}  // namespace hearth::agents
