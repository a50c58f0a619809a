// Pseudo-relevance feedback: the best passages of a first search say what else to look for. For words the relevance
// model interpolated with the query (RM3: Lavrenko, Croft, SIGIR 2001; Abdul-Jaleel et al., TREC 2004), for vectors
// Rocchio's move towards their mean (1971). Pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/fts_words.h"

namespace hearth::retrieval {

/// Passages taken for relevant, words added, and the share of the words' and vectors' weight that they get. All lie in
/// the literature's usual range; this combination was chosen on a grid over Cranfield's 225 questions (DECISIONS 17).
inline constexpr std::size_t kFeedbackPassages = 5;
inline constexpr std::size_t kFeedbackWords = 10;
inline constexpr double kFeedbackShare = 0.5;
inline constexpr float kFeedbackBeta = 0.6f;

struct WeightedWord {
    std::string stem;
    std::string surface;
    double weight = 0;  ///< the weights of one call sum to 1
};

/// The kFeedbackWords words that say most about the passages: mean share of each passage's words times
/// `idf(stem)`. Left out: stop words, stems of one or two bytes, and where idf is 0 or less.
std::vector<WeightedWord> telling_words(std::span<const std::vector<IndexedWord>> passages,
                                        const std::function<double(const std::string& stem)>& idf);

/// Moves the query [dimensions] towards the mean of `vectors` [n, dimensions] and back to unit length.
void move_towards(std::vector<float>& query, std::span<const std::span<const float>> vectors);

}  // namespace hearth::retrieval
