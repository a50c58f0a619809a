// What the tokenizers of decoders have in common: a vocabulary, its special tokens, and prompts in segments. A kind
// adds how plain text becomes ids and how a token is spelled.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "llm/special_tokens.h"
#include "llm/tokenizer.h"

namespace hearth::llm {

struct TokenType {
    static constexpr std::int64_t kNormal = 1;
    static constexpr std::int64_t kUnknown = 2;
    static constexpr std::int64_t kControl = 3;
    static constexpr std::int64_t kUserDefined = 4;
    static constexpr std::int64_t kUnused = 5;
    static constexpr std::int64_t kByte = 6;
};

class VocabularyTokenizer : public Tokenizer {
  public:
    std::vector<int> encode(std::string_view text, bool allow_special) const final;
    std::vector<int> encode(const std::vector<PromptSegment>& segments) const final;
    std::string_view token_bytes(int id) const final;
    std::string_view token_text(int id) const final;
    int special_token(std::string_view text) const final { return special_.id(text); }
    bool is_end_of_generation(int id) const final;
    int size() const final { return static_cast<int>(vocabulary_.tokens.size()); }

  protected:
    /// The first id of each spelling; borrows the vocabulary.
    using SpellingIndex = std::unordered_map<std::string_view, int>;

    explicit VocabularyTokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
    SpellingIndex index_spellings() const;
    /// Once, by the kind: special tokens, ends of generation, and every token's bytes by way of append_spelled().
    Status index_tokens();

    const Vocabulary& vocabulary() const { return vocabulary_; }
    std::int64_t type(int id) const { return vocabulary_.types[static_cast<std::size_t>(id)]; }

  private:
    /// The ids of text that holds no special token, which begins a prompt or stands behind a special token.
    virtual void encode_plain(std::string_view text, std::vector<int>& ids) const = 0;
    /// The bytes that a normal, user-defined or byte token stands for.
    virtual void append_spelled(int id, std::string& out) const = 0;

    /// Plain text since the last special token, across seams.
    struct Pending {
        std::string text;
        bool strip = false;  ///< leading white space belongs to the token before
    };
    /// Encodes `pending` with the text up to the end of its last special token; what remains becomes `pending`.
    void split_special(std::string_view text, Pending& pending, std::vector<int>& ids) const;
    void encode_pending(Pending& pending, std::vector<int>& ids) const;
    bool strips_behind(int id) const;

    const Vocabulary vocabulary_;
    SpecialTokens special_;
    std::vector<int> end_tokens_;
    std::string bytes_;                        // of every token, one after another
    std::vector<std::uint32_t> byte_offsets_;  // size() + 1
};

/// The kinds. The vocabulary's shape was checked.
Result<std::unique_ptr<Tokenizer>> make_byte_bpe_tokenizer(Vocabulary vocabulary);
Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(Vocabulary vocabulary);

}  // namespace hearth::llm
