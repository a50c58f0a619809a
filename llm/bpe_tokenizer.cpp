#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "llm/bpe_merges.h"
#include "llm/pre_tokenizer.h"
#include "llm/vocabulary_tokenizer.h"
#include "llm/word_cache.h"

namespace hearth::llm {
namespace {

/// GPT-2's printable spelling of the 256 bytes: printable Latin-1 is itself, the rest counts up from U+0100.
struct ByteAlphabet {
    std::array<char32_t, 256> spelling{};
    std::array<int, 0x144> byte{};

    constexpr ByteAlphabet() {
        byte.fill(-1);
        char32_t next = 0x100;
        for (int b = 0; b < 256; ++b) {
            const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
            spelling[b] = printable ? static_cast<char32_t>(b) : next++;
            byte[spelling[b]] = b;
        }
    }
};
constexpr ByteAlphabet kAlphabet;

/// The bytes that a spelling stands for; a character outside the alphabet stands for its own UTF-8.
void append_bytes(std::string_view spelling, std::string& out) {
    for (std::size_t at = 0; at < spelling.size();) {
        const DecodedCodePoint decoded = decode_utf8(spelling, at);
        const int byte = decoded.valid && decoded.value < kAlphabet.byte.size() ? kAlphabet.byte[decoded.value] : -1;
        if (byte >= 0) {
            out += static_cast<char>(byte);
        } else {
            out += spelling.substr(at, decoded.length);
        }
        at += decoded.length;
    }
}

class ByteBpeTokenizer final : public VocabularyTokenizer {
  public:
    ByteBpeTokenizer(Vocabulary vocabulary, const WordRules& rules)
        : VocabularyTokenizer(std::move(vocabulary)), rules_(rules), merges_(this->vocabulary().merges.size()) {}
    Status index();

  private:
    void index_bytes();
    Status index_merges();
    void encode_plain(std::string_view text, std::vector<int>& ids) const override;
    void append_spelled(int id, std::string& out) const override;
    void encode_word(std::string_view word, std::vector<int>& scratch) const;
    /// The normal token that is spelled as the whole word; -1 when there is none.
    int whole_word(std::string_view word) const;

    const WordRules rules_;
    SpellingIndex spellings_;  // kept where whole words are looked up
    MergeTable merges_;
    std::array<int, 256> byte_tokens_{};
};

Status ByteBpeTokenizer::index() {
    spellings_ = index_spellings();
    index_bytes();
    HEARTH_TRY_STATUS(index_merges());
    if (!rules_.whole_words) spellings_ = {};
    return index_tokens();
}

void ByteBpeTokenizer::index_bytes() {
    for (int byte = 0; byte < 256; ++byte) {
        std::string spelling;
        append_utf8(spelling, kAlphabet.spelling[byte]);
        const auto found = spellings_.find(spelling);
        byte_tokens_[byte] = found == spellings_.end() ? -1 : found->second;
    }
}

void ByteBpeTokenizer::append_spelled(int id, std::string& out) const {
    const std::string& spelling = vocabulary().tokens[static_cast<std::size_t>(id)];
    if (type(id) == TokenType::kUserDefined)
        out += spelling;
    else
        append_bytes(spelling, out);
}

Status ByteBpeTokenizer::index_merges() {
    std::string joined;
    for (std::size_t rank = 0; rank < vocabulary().merges.size(); ++rank) {
        const std::string_view merge = vocabulary().merges[rank];
        const std::size_t space = merge.find(' ', 1);
        const auto wrong = [&](const char* what) {
            return Error(ErrorCode::kDataLoss,
                         "merge " + std::to_string(rank) + " (\"" + std::string(merge) + "\") " + what);
        };
        if (space == std::string_view::npos) return wrong("is not two spellings with a space between");
        joined.assign(merge.substr(0, space)).append(merge.substr(space + 1));
        const auto left = spellings_.find(merge.substr(0, space));
        const auto right = spellings_.find(merge.substr(space + 1));
        const auto both = spellings_.find(joined);
        if (left == spellings_.end() || right == spellings_.end() || both == spellings_.end()) {
            return wrong("names a token that the vocabulary lacks");
        }
        merges_.insert(left->second, right->second, {static_cast<std::int32_t>(rank), both->second});
    }
    return {};
}

void ByteBpeTokenizer::encode_word(std::string_view word, std::vector<int>& scratch) const {
    scratch.clear();
    if (rules_.whole_words) {
        if (const int known = whole_word(word); known >= 0) {
            scratch.push_back(known);
            return;
        }
    }
    for (const char c : word) {
        const int token = byte_tokens_[static_cast<unsigned char>(c)];
        // Vocabularies without all 256 bytes exist (SmolLM2 lacks 0xC0 and others); such a byte has no token at all.
        if (token >= 0) scratch.push_back(token);
    }
    apply_merges(merges_, scratch);
}

int ByteBpeTokenizer::whole_word(std::string_view word) const {
    std::string spelling;
    for (const char c : word) append_utf8(spelling, kAlphabet.spelling[static_cast<unsigned char>(c)]);
    const auto found = spellings_.find(spelling);
    return found != spellings_.end() && type(found->second) == TokenType::kNormal ? found->second : -1;
}

void ByteBpeTokenizer::encode_plain(std::string_view text, std::vector<int>& ids) const {
    WordCache cache;
    std::vector<int> scratch;
    const auto encode = [&](std::string_view word) -> const std::vector<int>& {
        encode_word(word, scratch);
        return scratch;
    };
    WordScanner words(rules_.kind, text);
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) cache.append(word, ids, encode);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_byte_bpe_tokenizer(Vocabulary vocabulary) {
    HEARTH_TRY(const WordRules rules, word_rules_by_name(vocabulary.pre_tokenizer));
    auto tokenizer = std::make_unique<ByteBpeTokenizer>(std::move(vocabulary), rules);
    HEARTH_TRY_STATUS(tokenizer->index());
    return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace hearth::llm
