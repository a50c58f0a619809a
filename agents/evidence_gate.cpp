#include "agents/evidence_gate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "agents/answer_form.h"
#include "agents/prompt.h"
#include "agents/sentences.h"
#include "agents/words.h"

namespace hearth::agents {
namespace {

// Bounds one question's work; four passages of 200 tokens hold about 60 sentences and 300 different words.
constexpr std::size_t kMaxSentences = 128;
constexpr std::size_t kMaxWords = 400;
constexpr std::size_t kMaxQuestionWords = 32;
constexpr std::size_t kForeignWords = 4;

std::string slice(std::string_view text, retrieval::Span span) {
    return std::string(text.substr(span.start, span.end - span.start));
}

double cosine(const std::vector<float>& rows, std::size_t dimensions, std::size_t a, std::size_t b) {
    double dot = 0;  // rows have unit length
    for (std::size_t i = 0; i < dimensions; ++i) {
        dot += static_cast<double>(rows[a * dimensions + i]) * rows[b * dimensions + i];
    }
    return dot;
}

Result<std::vector<RankedSentence>> rank_sentences(std::string_view question,
                                                   const std::vector<retrieval::Hit>& passages,
                                                   llm::EmbeddingModel& embedder, const std::stop_token& cancel) {
    std::vector<RankedSentence> ranked;
    std::vector<std::string> texts = {std::string(question)};
    const AnswerForm form = form_asked_for(question);
    for (std::size_t index = 0; index < passages.size(); ++index) {
        const retrieval::Hit& passage = passages[index];
        const std::vector<std::string> heading_stems = content_stems(passage.chunk.heading);
        for (const retrieval::Span span : sentences_of(passage.text)) {
            const std::string sentence = slice(passage.text, span);
            if (ranked.size() == kMaxSentences || repeats_heading(sentence, heading_stems)) continue;
            if (!has_form(sentence, form)) continue;
            texts.push_back(std::string(last_heading(passage.chunk.heading)) + ": " + sentence);
            ranked.push_back({index, span, 0});
        }
    }
    HEARTH_TRY(const std::vector<float> rows, embedder.embed(texts, cancel));
    const auto dimensions = static_cast<std::size_t>(embedder.dimensions());
    for (std::size_t i = 0; i < ranked.size(); ++i) ranked[i].cosine = cosine(rows, dimensions, 0, i + 1);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.cosine > b.cosine; });
    return ranked;
}

/// stem -> the word as written, of content words only.
std::map<std::string, std::string> vocabulary_of(const std::vector<retrieval::Hit>& passages) {
    std::map<std::string, std::string> vocabulary;
    for (const retrieval::Hit& passage : passages) {
        for (const std::string* text : {&passage.text, &passage.chunk.heading, &passage.document.path}) {
            for (const Word& word : words_of(*text)) {
                if (word.content) vocabulary.emplace(word.stem, slice(*text, word.span));
            }
        }
    }
    return vocabulary;
}

Result<double> weakest_match(const std::vector<std::string>& unmatched,
                             const std::map<std::string, std::string>& vocabulary, llm::EmbeddingModel& embedder,
                             const std::stop_token& cancel) {
    std::vector<std::string> texts = unmatched;
    for (const auto& [stem, word] : vocabulary) {
        if (texts.size() < unmatched.size() + kMaxWords) texts.push_back(word);
    }
    HEARTH_TRY(const std::vector<float> rows, embedder.embed(texts, cancel));
    const auto dimensions = static_cast<std::size_t>(embedder.dimensions());
    double weakest = 1;
    for (std::size_t row = 0; row < unmatched.size(); ++row) {
        double best = 0;
        for (std::size_t other = unmatched.size(); other < texts.size(); ++other) {
            best = std::max(best, cosine(rows, dimensions, row, other));
        }
        weakest = std::min(weakest, best);
    }
    return weakest;
}

struct QuestionWords {
    std::vector<std::string> unmatched;  ///< content words that no passage holds, each stem once
    bool any_content = false;
    bool foreign = false;
};

QuestionWords question_words(std::string_view question, const std::map<std::string, std::string>& vocabulary) {
    QuestionWords out;
    const std::vector<Word> words = words_of(question);
    std::vector<std::string> seen;
    for (const Word& word : words) {
        if (!word.content) continue;
        out.any_content = true;
        if (vocabulary.contains(word.stem) || std::find(seen.begin(), seen.end(), word.stem) != seen.end()) continue;
        seen.push_back(word.stem);
        if (out.unmatched.size() < kMaxQuestionWords) out.unmatched.push_back(slice(question, word.span));
    }
    out.foreign = words.size() >= kForeignWords &&
                  std::all_of(words.begin(), words.end(), [](const Word& word) { return word.content; });
    return out;
}

}  // namespace

Result<Evidence> measure_evidence(std::string_view question, const std::vector<retrieval::Hit>& passages,
                                  llm::EmbeddingModel& embedder, const std::stop_token& cancel) {
    Evidence evidence;
    if (passages.empty()) return evidence;
    HEARTH_TRY(evidence.sentences, rank_sentences(question, passages, embedder, cancel));
    if (evidence.sentences.empty()) return evidence;
    evidence.features.best_sentence = evidence.sentences.front().cosine;
    const auto vocabulary = vocabulary_of(passages);
    const QuestionWords words = question_words(question, vocabulary);
    evidence.features.weakest_word = words.any_content ? 1 : 0;
    if (!words.foreign && !words.unmatched.empty()) {
        HEARTH_TRY(evidence.features.weakest_word, weakest_match(words.unmatched, vocabulary, embedder, cancel));
    }
    return evidence;
}

double evidence_probability(const EvidenceFeatures& features) {
    const double logit = kGateWeights.bias + kGateWeights.best_sentence * features.best_sentence +
                         kGateWeights.weakest_word * features.weakest_word;
    return 1 / (1 + std::exp(-logit));
}

}  // namespace hearth::agents
