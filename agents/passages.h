// The numbered passages a run shows to the model: retrieved chunks, neighbours merged, cut to a token budget.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "core/result.h"
#include "retrieval/corpus.h"

namespace hearth::agents {

struct PassageLimits {
    int count = 4;
    int token_budget = 500;
};

using TokenCount = std::function<int(std::string_view)>;

/// The first `limits.count` hits, best first. Hits of one document, heading and page whose chunks touch or overlap
/// become one passage with the text between them. What no longer fits the budget is cut after a sentence or left out;
/// the first passage always stays. Every text is read back from the record, so Hit::text equals the document's bytes at
/// its span.
Result<std::vector<retrieval::Hit>> select_passages(const std::vector<retrieval::Hit>& hits,
                                                    const retrieval::Corpus& corpus, const PassageLimits& limits,
                                                    const TokenCount& count);

/// Exactly the document's bytes at `span`.
Result<std::string> read_span(const retrieval::Corpus& corpus, const std::string& document_id, retrieval::Span span);

}  // namespace hearth::agents
