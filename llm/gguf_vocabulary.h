// The tokenizer's vocabulary out of a GGUF file's metadata.
#pragma once

#include "core/result.h"
#include "llm/gguf.h"
#include "llm/tokenizer.h"

namespace hearth::llm {

/// kUnsupported for another kind of tokenizer than byte-level BPE (`gpt2`) and SentencePiece (`llama`), kDataLoss when
/// parts are missing or contradict each other.
Result<Vocabulary> read_vocabulary(const GgufFile& file);

}  // namespace hearth::llm
