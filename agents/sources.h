// The evidence shown beside an answer: for each passage the words that carry it, checked against the record.
#pragma once

#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "agents/citations.h"
#include "agents/support.h"
#include "core/result.h"

namespace hearth::agents {

/// Numbered from `first_number` on, nothing quoted or cited yet.
std::vector<Source> sources_of(const std::vector<retrieval::Hit>& passages, int first_number = 1);

/// What SupportIndex compares with; what was computed over a passage counts as said above it. Views into `sources`,
/// which must outlive the result unchanged.
std::vector<SupportPassage> support_passages(const std::vector<Source>& sources);

/// Sets `cited` by the answer's marks, picks each source's quote for the sentence that cites it (or the question), and
/// reads the document again at quote_span: `verified` says that the bytes are the same.
Status quote_sources(std::vector<Source>& sources, std::string_view answer, const std::vector<CitationMark>& marks,
                     std::string_view question, const SupportIndex& support, const retrieval::Corpus& corpus);

}  // namespace hearth::agents
