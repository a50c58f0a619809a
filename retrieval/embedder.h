// PUBLIC interface, owned here, implemented by daemon/ over the engine: retrieval never knows llm.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace hearth::retrieval {

class Embedder {
  public:
    virtual ~Embedder() = default;
    virtual std::string id() const = 0;  ///< changes when vectors stop being comparable
    virtual int dimensions() const = 0;
    /// Row-major [texts.size(), dimensions()], unit length. Thread-safe.
    virtual Result<std::vector<float>> embed(std::span<const std::string> texts) = 0;
};

}  // namespace hearth::retrieval
