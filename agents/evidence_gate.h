// Is the answer in the passages at all? Decided before the model says a word, from what can be measured: a small model
// asked about nothing invents something.
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/encoder.h"
#include "retrieval/types.h"

namespace hearth::agents {

struct EvidenceFeatures {
    double best_sentence = 0;  ///< highest cosine of the question with one sentence of a passage (under its heading)
    double weakest_word = 0;   ///< the question's least matched content word: 1 when it is in a passage, else the
                               ///< highest cosine with any word there
};

/// One encoder call for the sentences, one more when a content word is in no passage.
Result<EvidenceFeatures> measure_evidence(std::string_view question, const std::vector<retrieval::Hit>& passages,
                                          llm::EmbeddingModel& embedder);

/// Logistic regression, fitted by tests/golden/fit_gate.py on tests/golden/gate_training.json (42 answerable and 46
/// near-miss questions over a corpus of its own, and the 42 asked against a foreign corpus), classes weighted equally.
/// A third feature, names that no passage holds, got a weight of the wrong sign and was dropped without refitting.
double evidence_probability(const EvidenceFeatures& features);

inline constexpr double kEvidenceThreshold = 0.5;

}  // namespace hearth::agents
