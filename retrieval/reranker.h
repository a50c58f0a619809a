// PUBLIC interface, owned here, implemented by daemon/ over the engine: retrieval never knows llm.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace hearth::retrieval {

/// Reads question and passage together, which ranks better than comparing vectors and costs as much as embedding the
/// passages again.
class Reranker {
  public:
    virtual ~Reranker() = default;
    /// How well each passage answers, 0 .. 1, in their order. Thread-safe.
    virtual Result<std::vector<float>> score(const std::string& question, std::span<const std::string> passages) = 0;
};

}  // namespace hearth::retrieval
