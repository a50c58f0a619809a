#include "retrieval/feedback.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "retrieval/lexical.h"

namespace hearth::retrieval {
namespace {

/// Different words looked at, and how many of the most frequent of them are weighed by how rare they are.
constexpr std::size_t kMaxWords = 1000;
constexpr std::size_t kMaxCandidates = 80;
constexpr std::size_t kLeastBytes = 3;

bool heavier(const WeightedWord& a, const WeightedWord& b) {
    return a.weight > b.weight || (a.weight == b.weight && a.stem < b.stem);
}

}  // namespace

std::vector<WeightedWord> telling_words(std::span<const std::vector<IndexedWord>> passages,
                                        const std::function<double(const std::string& stem)>& idf) {
    std::map<std::string, WeightedWord> words;
    for (const std::vector<IndexedWord>& passage : passages) {
        const double share = 1.0 / static_cast<double>(std::max<std::size_t>(passage.size(), 1) * passages.size());
        for (const IndexedWord& word : passage) {
            if (word.stem.size() < kLeastBytes || is_stop_word(lower_ascii(word.surface))) continue;
            const auto place = words.find(word.stem);
            if (place != words.end()) {
                place->second.weight += share;
            } else if (words.size() < kMaxWords) {
                words.emplace(word.stem, WeightedWord{word.stem, word.surface, share});
            }
        }
    }
    std::vector<WeightedWord> out;
    for (auto& [stem, word] : words) out.push_back(std::move(word));
    std::sort(out.begin(), out.end(), heavier);
    if (out.size() > kMaxCandidates) out.resize(kMaxCandidates);
    for (WeightedWord& word : out) word.weight *= std::max(idf(word.stem), 0.0);
    std::erase_if(out, [](const WeightedWord& word) { return word.weight <= 0; });
    std::sort(out.begin(), out.end(), heavier);
    if (out.size() > kFeedbackWords) out.resize(kFeedbackWords);
    double sum = 0;
    for (const WeightedWord& word : out) sum += word.weight;
    for (WeightedWord& word : out) word.weight /= sum;
    return out;
}

void move_towards(std::vector<float>& query, std::span<const std::span<const float>> vectors) {
    if (vectors.empty()) return;
    const float step = kFeedbackBeta / static_cast<float>(vectors.size());
    for (const std::span<const float> vector : vectors) {
        for (std::size_t i = 0; i < query.size(); ++i) query[i] += step * vector[i];
    }
    double square = 0;
    for (const float value : query) square += static_cast<double>(value) * value;
    if (square <= 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(square));
    for (float& value : query) value *= scale;
}

}  // namespace hearth::retrieval
