#include "agents/evidence_gate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "agents/sentences.h"
#include "agents/words.h"

namespace hearth::agents {
namespace {

constexpr double kBestSentenceWeight = 13.172;
constexpr double kWeakestWordWeight = 3.791;
constexpr double kBias = -9.1;

// Bounds one question's work; four passages of 200 tokens hold about 60 sentences and 300 different words.
constexpr std::size_t kMaxSentences = 128;
constexpr std::size_t kMaxWords = 400;

std::string slice(std::string_view text, retrieval::Span span) {
    return std::string(text.substr(span.start, span.end - span.start));
}

/// Highest cosine of row `row` with the rows from `first` on; rows have unit length.
double best_cosine(const std::vector<float>& rows, std::size_t dimensions, std::size_t row, std::size_t first) {
    double best = 0;
    for (std::size_t other = first; other * dimensions < rows.size(); ++other) {
        double dot = 0;
        for (std::size_t i = 0; i < dimensions; ++i) {
            dot += static_cast<double>(rows[row * dimensions + i]) * rows[other * dimensions + i];
        }
        best = std::max(best, dot);
    }
    return best;
}

Result<double> best_sentence(std::string_view question, const std::vector<retrieval::Hit>& passages,
                             llm::EmbeddingModel& embedder) {
    std::vector<std::string> texts = {std::string(question)};
    for (const retrieval::Hit& passage : passages) {
        const std::string& heading = passage.chunk.heading;
        const std::size_t last = heading.rfind(" > ");
        const std::string title = last == std::string::npos ? heading : heading.substr(last + 3);
        for (const retrieval::Span span : sentences_of(passage.text)) {
            if (texts.size() <= kMaxSentences) texts.push_back(title + ": " + slice(passage.text, span));
        }
    }
    HEARTH_TRY(const std::vector<float> rows, embedder.embed(texts));
    return best_cosine(rows, static_cast<std::size_t>(embedder.dimensions()), 0, 1);
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
                             const std::map<std::string, std::string>& vocabulary, llm::EmbeddingModel& embedder) {
    std::vector<std::string> texts = unmatched;
    for (const auto& [stem, word] : vocabulary) {
        if (texts.size() < unmatched.size() + kMaxWords) texts.push_back(word);
    }
    HEARTH_TRY(const std::vector<float> rows, embedder.embed(texts));
    double weakest = 1;
    for (std::size_t row = 0; row < unmatched.size(); ++row) {
        const auto dimensions = static_cast<std::size_t>(embedder.dimensions());
        weakest = std::min(weakest, best_cosine(rows, dimensions, row, unmatched.size()));
    }
    return weakest;
}

}  // namespace

Result<EvidenceFeatures> measure_evidence(std::string_view question, const std::vector<retrieval::Hit>& passages,
                                          llm::EmbeddingModel& embedder) {
    EvidenceFeatures features;
    if (passages.empty()) return features;
    HEARTH_TRY(features.best_sentence, best_sentence(question, passages, embedder));
    const auto vocabulary = vocabulary_of(passages);
    std::vector<std::string> unmatched;
    bool any_content = false;
    for (const Word& word : words_of(question)) {
        if (!word.content) continue;
        any_content = true;
        if (vocabulary.contains(word.stem)) continue;
        unmatched.push_back(slice(question, word.span));
    }
    if (unmatched.empty()) {
        features.weakest_word = any_content ? 1 : 0;
        return features;
    }
    HEARTH_TRY(features.weakest_word, weakest_match(unmatched, vocabulary, embedder));
    return features;
}

double evidence_probability(const EvidenceFeatures& features) {
    const double logit =
        kBias + kBestSentenceWeight * features.best_sentence + kWeakestWordWeight * features.weakest_word;
    return 1 / (1 + std::exp(-logit));
}

}  // namespace hearth::agents
