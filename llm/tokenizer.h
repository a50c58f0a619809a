// Text to token ids and back. Byte-level BPE and SentencePiece for decoders (from GGUF metadata), WordPiece for the
// encoders (from tokenizer.json). Text never becomes a special token unless the caller says so, segment by segment.
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

enum class VocabularyKind {
    kByteBpe,        ///< GGUF `gpt2`: bytes in a printable alphabet, merges by rank inside words
    kSentencePiece,  ///< GGUF `llama`: code points with U+2581 for a space, merges by score, bytes where none is known
};

/// What a decoder's vocabulary file says. Filled from GGUF `tokenizer.ggml.*`.
struct Vocabulary {
    VocabularyKind kind = VocabularyKind::kByteBpe;
    std::vector<std::string> tokens;  ///< in the kind's own spelling
    std::vector<std::int64_t> types;  ///< 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
    std::vector<std::string> merges;  ///< byte-level BPE: "left right", best first
    std::string pre_tokenizer;        ///< byte-level BPE: "qwen2", "smollm", "gpt-2", "llama-bpe", ...
    std::vector<float> scores;        ///< SentencePiece: one for each token, finite
    int bos = -1;
    int eos = -1;
    int eot = -1;
    int unknown = -1;
    bool add_bos = false;
    bool add_space_prefix = false;  ///< SentencePiece: before a text and behind each special token
    bool strip_behind = false;      ///< white space behind "<|...|>" belongs to it (Phi-3), <|endoftext|> apart
};

/// Immutable; thread-safe.
class Tokenizer {
  public:
    virtual ~Tokenizer() = default;

    virtual std::vector<int> encode(std::string_view text, bool allow_special) const = 0;
    /// The ids of the segments as one text: words and merges run across the seams, special tokens lie inside one
    /// trusted segment. Begins with the vocabulary's BOS where it asks for one and the text has none.
    virtual std::vector<int> encode(const std::vector<PromptSegment>& segments) const = 0;

    /// The bytes of one token (may be part of a code point); empty for control tokens.
    virtual std::string_view token_bytes(int id) const = 0;
    /// The spelling of any token, control tokens included ("<|im_end|>").
    virtual std::string_view token_text(int id) const = 0;
    /// The id of a special token by its spelling; -1 when there is none.
    virtual int special_token(std::string_view text) const = 0;
    virtual bool is_end_of_generation(int id) const = 0;
    virtual int size() const = 0;
};

/// kUnsupported names an unknown pre-tokenizer; kDataLoss a vocabulary that contradicts itself (limits: 4 M tokens, 256
/// MiB of spellings, 65536 special tokens of 256 bytes).
Result<std::unique_ptr<Tokenizer>> make_tokenizer(Vocabulary vocabulary);

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
