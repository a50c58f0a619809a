// Whether the model's sentence may stand: it must rest on the sentence of the passages that is nearest to the question.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/citations.h"
#include "agents/evidence_gate.h"

namespace hearth::agents {

/// - carried by the nearest sentence, or one as near: the model's words stay;
/// - carried by another: the nearest sentence is quoted before them, for either may be the one that answers;
/// - carried by none, or contradicted: the nearest sentence stands in their place.
/// A sentence is as near within kTie of the nearest; with a tie for the first place two are quoted.
/// `passages` carry the numbers from 1 on. Without ranked sentences the model's words stay.
CitationWriter::Ruling rule_on(const std::optional<Support>& support, const std::vector<retrieval::Hit>& passages,
                               const std::vector<RankedSentence>& ranked);

/// Chosen on gate_training.json: there the model was right where it preferred a sentence this near to the first, and
/// mostly wrong where it preferred one farther off.
inline constexpr double kTie = 0.05;

}  // namespace hearth::agents
