// Is the answer in the passages at all? Decided before the model says a word, from what can be measured: a small model
// asked about nothing invents something.
#pragma once

#include <stop_token>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "core/result.h"
#include "llm/encoder.h"
#include "retrieval/types.h"

namespace hearth::agents {

struct RankedSentence {
    std::size_t passage = 0;  ///< index into the passages
    retrieval::Span span;     ///< of the passage's text
    double cosine = 0;        ///< with the question
};

struct Evidence {
    EvidenceFeatures features;
    std::vector<RankedSentence> sentences;  ///< nearest first; without those that only repeat their heading, or lack
                                            ///< the form of what is asked for (agents/answer_form.h)
};

/// One encoder call for the sentences, one more when a content word is in no passage. kCancelled by `cancel`.
///
/// Function words are known for English only. A question of four words or more without any of them is taken for another
/// language: its words are then not weighed one by one, and the sentences alone decide.
Result<Evidence> measure_evidence(std::string_view question, const std::vector<retrieval::Hit>& passages,
                                  llm::EmbeddingModel& embedder, const std::stop_token& cancel);

/// Logistic regression, classes weighted equally: tests/golden/fit_gate.py prints these from gate_rows.json, which
/// make_gate_rows.py measures with gate_training.json (and its answerable questions asked of other documents).
struct GateWeights {
    double best_sentence = 12.963;
    double weakest_word = 3.926;
    double bias = -9.17;
};
inline constexpr GateWeights kGateWeights;

double evidence_probability(const EvidenceFeatures& features);

inline constexpr double kEvidenceThreshold = 0.5;

}  // namespace hearth::agents
