// Text to token ids and back. Byte-level BPE for decoders (from GGUF metadata), WordPiece for the encoders
// (from tokenizer.json). Text never becomes a special token unless the caller says so, segment by segment.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/encoder.h"

namespace hearth::llm {

/// A piece of a prompt. Template text is trusted and may hold special tokens such as <|im_start|>; text out of
/// messages, documents and tools never does.
struct PromptSegment {
    std::string text;
    bool allow_special = false;
};

/// What a decoder's vocabulary file says. Filled from GGUF `tokenizer.ggml.*`.
struct BpeVocabulary {
    std::vector<std::string> tokens;  ///< byte-level alphabet spelling
    std::vector<std::int64_t> types;  ///< 1 normal, 3 control, 4 user-defined, 6 byte
    std::vector<std::string> merges;  ///< "left right", best first
    std::string pre_tokenizer;        ///< "qwen2", "smollm", "gpt-2", "starcoder", ...
    int bos = -1;
    int eos = -1;
    int eot = -1;
    bool add_bos = false;
};

/// Immutable; thread-safe.
class Tokenizer {
  public:
    virtual ~Tokenizer() = default;

    virtual std::vector<int> encode(std::string_view text, bool allow_special) const = 0;
    /// The ids of the segments as one text: words and merges run across the seams, special tokens lie inside one
    /// trusted segment. Begins with the vocabulary's BOS where it asks for one and the text has none.
    virtual std::vector<int> encode(const std::vector<PromptSegment>& segments) const;

    /// The bytes of one token (may be part of a code point); empty for control tokens.
    virtual std::string_view token_bytes(int id) const = 0;
    /// The spelling of any token, control tokens included ("<|im_end|>").
    virtual std::string_view token_text(int id) const = 0;
    /// The id of a special token by its spelling; -1 when there is none.
    virtual int special_token(std::string_view text) const = 0;
    virtual bool is_end_of_generation(int id) const = 0;
    virtual int size() const = 0;
};

/// kUnsupported names an unknown pre-tokenizer; kDataLoss a vocabulary that contradicts itself.
Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(BpeVocabulary vocabulary);

/// BERT's tokenizer: clean-up, lower-casing and accent stripping as configured, greedy longest-match WordPiece.
class WordPieceTokenizer {
  public:
    virtual ~WordPieceTokenizer() = default;
    struct Token {
        int id = 0;
        TokenSpan span;  ///< bytes of the input text
    };
    /// Without [CLS] and [SEP], without a length limit.
    virtual std::vector<Token> encode(std::string_view text) const = 0;
    virtual int cls() const = 0;
    virtual int sep() const = 0;
    virtual int size() const = 0;
};

/// `json` is the whole tokenizer.json (limits: 64 MiB, depth 64, 1 M tokens).
Result<std::unique_ptr<WordPieceTokenizer>> make_wordpiece_tokenizer(std::string_view json);

}  // namespace hearth::llm
