#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "llm/bpe_merges.h"
#include "llm/pre_tokenizer.h"
#include "llm/tokenizer.h"

namespace hearth::llm {
namespace {

constexpr std::int64_t kNormal = 1;
constexpr std::int64_t kControl = 3;
constexpr std::int64_t kUserDefined = 4;
constexpr std::int64_t kUnused = 5;

/// Words remembered within one call: natural text repeats itself, hostile text must not fill the memory.
constexpr std::size_t kCachedWords = 1 << 15;

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

/// Real vocabularies have a few hundred special tokens of some 20 bytes; these bound what a hostile one can cost.
constexpr std::size_t kMaxSpecialTokens = 1 << 16;
constexpr std::size_t kMaxSpecialBytes = 256;

/// Special spellings, found longest first with one look-up for each length that begins with the byte at hand.
class SpecialTokens {
  public:
    struct Match {
        std::size_t at = std::string_view::npos;
        std::size_t length = 0;
        int id = -1;
    };

    /// The first id of a spelling counts. kDataLoss beyond the limits.
    Status add(std::string_view text, int id) {
        if (text.empty()) return {};
        if (text.size() > kMaxSpecialBytes)
            return Error(ErrorCode::kDataLoss, "special token " + std::to_string(id) + " is over 256 bytes");
        if (ids_.size() == kMaxSpecialTokens)
            return Error(ErrorCode::kDataLoss, "the vocabulary has over 65536 special tokens");
        ids_.emplace(text, id);
        auto& lengths = lengths_[static_cast<unsigned char>(text[0])];
        const auto place = std::lower_bound(lengths.begin(), lengths.end(), text.size(), std::greater<>());
        if (place == lengths.end() || *place != text.size()) lengths.insert(place, text.size());
        return {};
    }

    /// The first match at or after `from`; at == npos when there is none.
    Match find(std::string_view text, std::size_t from) const {
        for (std::size_t at = from; at < text.size(); ++at) {
            for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
                if (length > text.size() - at) continue;
                const int found = id(text.substr(at, length));
                if (found >= 0) return {at, length, found};
            }
        }
        return {};
    }

    int id(std::string_view text) const {
        const auto found = ids_.find(text);
        return found == ids_.end() ? -1 : found->second;
    }

  private:
    std::unordered_map<std::string_view, int> ids_;
    std::array<std::vector<std::size_t>, 256> lengths_;  // by first byte, descending
};

class BpeTokenizer : public Tokenizer {
  public:
    static Result<std::unique_ptr<Tokenizer>> make(BpeVocabulary vocabulary);

    std::vector<int> encode(std::string_view text, bool allow_special) const override {
        std::vector<int> ids;
        encode_plain(allow_special ? split_special(text, ids) : text, ids);
        return ids;
    }
    std::vector<int> encode(const std::vector<PromptSegment>& segments) const override;

    std::string_view token_bytes(int id) const override {
        if (id < 0 || id >= size()) return {};
        return std::string_view(bytes_).substr(byte_offsets_[id], byte_offsets_[id + 1] - byte_offsets_[id]);
    }
    std::string_view token_text(int id) const override {
        return id < 0 || id >= size() ? std::string_view{} : vocabulary_.tokens[id];
    }
    int special_token(std::string_view text) const override { return special_.id(text); }
    bool is_end_of_generation(int id) const override {
        return std::find(end_tokens_.begin(), end_tokens_.end(), id) != end_tokens_.end();
    }
    int size() const override { return static_cast<int>(vocabulary_.tokens.size()); }

  private:
    BpeTokenizer(BpeVocabulary vocabulary, PreTokenizer pre_tokenizer)
        : vocabulary_(std::move(vocabulary)), pre_tokenizer_(pre_tokenizer), merges_(vocabulary_.merges.size()) {}

    using SpellingIndex = std::unordered_map<std::string_view, int>;
    void index_bytes(const SpellingIndex& index);
    Status index_merges(const SpellingIndex& index);
    Status index_special();
    std::string_view split_special(std::string_view text, std::vector<int>& ids) const;
    void encode_plain(std::string_view text, std::vector<int>& ids) const;
    void encode_word(std::string_view word, std::vector<int>& scratch) const;

    const BpeVocabulary vocabulary_;
    const PreTokenizer pre_tokenizer_;
    MergeTable merges_;
    SpecialTokens special_;
    std::array<int, 256> byte_tokens_{};
    std::vector<int> end_tokens_;
    std::string bytes_;                        // of every token, one after another
    std::vector<std::uint32_t> byte_offsets_;  // size() + 1
};

Status check_shape(const BpeVocabulary& vocabulary) {
    const auto count = static_cast<std::int64_t>(vocabulary.tokens.size());
    if (count == 0 || count > (1 << 22)) {
        return Error(ErrorCode::kDataLoss,
                     "a vocabulary of " + std::to_string(count) + " tokens; expected 1 to 4194304");
    }
    if (!vocabulary.types.empty() && vocabulary.types.size() != vocabulary.tokens.size()) {
        return Error(ErrorCode::kDataLoss, "the vocabulary has " + std::to_string(count) + " tokens but " +
                                               std::to_string(vocabulary.types.size()) + " token types");
    }
    std::uint64_t bytes = 0;
    for (const std::string& token : vocabulary.tokens) bytes += token.size();
    if (bytes > (256u << 20)) return Error(ErrorCode::kDataLoss, "the vocabulary's spellings exceed 256 MiB");
    for (const int id : {vocabulary.bos, vocabulary.eos, vocabulary.eot}) {
        if (id < -1 || id >= count) {
            return Error(ErrorCode::kDataLoss, "special token id " + std::to_string(id) +
                                                   " is outside the vocabulary of " + std::to_string(count) +
                                                   " tokens");
        }
    }
    return {};
}

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::make(BpeVocabulary vocabulary) {
    HEARTH_TRY_STATUS(check_shape(vocabulary));
    HEARTH_TRY(const PreTokenizer pre_tokenizer, pre_tokenizer_by_name(vocabulary.pre_tokenizer));
    if (vocabulary.types.empty()) vocabulary.types.assign(vocabulary.tokens.size(), kNormal);
    std::unique_ptr<BpeTokenizer> tokenizer(new BpeTokenizer(std::move(vocabulary), pre_tokenizer));
    SpellingIndex index;
    index.reserve(tokenizer->vocabulary_.tokens.size());
    for (int id = 0; id < tokenizer->size(); ++id) index.emplace(tokenizer->vocabulary_.tokens[id], id);
    tokenizer->index_bytes(index);
    HEARTH_TRY_STATUS(tokenizer->index_merges(index));
    HEARTH_TRY_STATUS(tokenizer->index_special());
    return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

void BpeTokenizer::index_bytes(const SpellingIndex& index) {
    for (int byte = 0; byte < 256; ++byte) {
        std::string spelling;
        append_utf8(spelling, kAlphabet.spelling[byte]);
        const auto found = index.find(spelling);
        byte_tokens_[byte] = found == index.end() ? -1 : found->second;
    }
    byte_offsets_.push_back(0);
    for (int id = 0; id < size(); ++id) {
        const std::int64_t type = vocabulary_.types[id];
        if (type == kUserDefined) {
            bytes_ += vocabulary_.tokens[id];
        } else if (type != kControl && type != kUnused) {
            append_bytes(vocabulary_.tokens[id], bytes_);
        }
        byte_offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }
}

Status BpeTokenizer::index_merges(const SpellingIndex& index) {
    std::string joined;
    for (std::size_t rank = 0; rank < vocabulary_.merges.size(); ++rank) {
        const std::string_view merge = vocabulary_.merges[rank];
        const std::size_t space = merge.find(' ', 1);
        const auto wrong = [&](const char* what) {
            return Error(ErrorCode::kDataLoss,
                         "merge " + std::to_string(rank) + " (\"" + std::string(merge) + "\") " + what);
        };
        if (space == std::string_view::npos) return wrong("is not two spellings with a space between");
        joined.assign(merge.substr(0, space)).append(merge.substr(space + 1));
        const auto left = index.find(merge.substr(0, space));
        const auto right = index.find(merge.substr(space + 1));
        const auto both = index.find(joined);
        if (left == index.end() || right == index.end() || both == index.end()) {
            return wrong("names a token that the vocabulary lacks");
        }
        merges_.insert(left->second, right->second, {static_cast<std::int32_t>(rank), both->second});
    }
    return {};
}

Status BpeTokenizer::index_special() {
    for (int id = 0; id < size(); ++id) {
        const std::int64_t type = vocabulary_.types[id];
        if (type != kControl && type != kUserDefined) continue;
        HEARTH_TRY_STATUS(special_.add(vocabulary_.tokens[id], id));
    }
    // Files name one end token; chat models end a turn with any of these.
    for (const char* text : {"<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "</s>"}) {
        const int id = special_.id(text);
        if (id >= 0 && vocabulary_.types[id] == kControl) end_tokens_.push_back(id);
    }
    if (vocabulary_.eos >= 0) end_tokens_.push_back(vocabulary_.eos);
    if (vocabulary_.eot >= 0) end_tokens_.push_back(vocabulary_.eot);
    return {};
}

/// Encodes everything up to the end of the last special token; returns the rest.
std::string_view BpeTokenizer::split_special(std::string_view text, std::vector<int>& ids) const {
    std::size_t done = 0;
    for (auto match = special_.find(text, 0); match.id >= 0; match = special_.find(text, done)) {
        encode_plain(text.substr(done, match.at - done), ids);
        ids.push_back(match.id);
        done = match.at + match.length;
    }
    return text.substr(done);
}

std::vector<int> BpeTokenizer::encode(const std::vector<PromptSegment>& segments) const {
    std::vector<int> ids;
    std::string plain;  // since the last special token, across seams
    for (const PromptSegment& segment : segments) {
        const std::string_view text = segment.text;
        std::size_t done = 0;
        if (segment.allow_special) {
            for (auto match = special_.find(text, 0); match.id >= 0; match = special_.find(text, done)) {
                plain += text.substr(done, match.at - done);
                encode_plain(plain, ids);
                plain.clear();
                ids.push_back(match.id);
                done = match.at + match.length;
            }
        }
        plain += text.substr(done);
    }
    encode_plain(plain, ids);
    if (vocabulary_.add_bos && vocabulary_.bos >= 0 && (ids.empty() || ids.front() != vocabulary_.bos)) {
        ids.insert(ids.begin(), vocabulary_.bos);
    }
    return ids;
}

void BpeTokenizer::encode_word(std::string_view word, std::vector<int>& scratch) const {
    scratch.clear();
    for (const char c : word) {
        const int token = byte_tokens_[static_cast<unsigned char>(c)];
        // Vocabularies without all 256 bytes exist (SmolLM2 lacks 0xC0 and others); such a byte has no token at all.
        if (token >= 0) scratch.push_back(token);
    }
    apply_merges(merges_, scratch);
}

void BpeTokenizer::encode_plain(std::string_view text, std::vector<int>& ids) const {
    struct Place {
        std::size_t at;
        std::size_t count;
    };
    std::unordered_map<std::string_view, Place> seen;
    std::vector<int> scratch;
    WordScanner words(pre_tokenizer_, text);
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
        if (word.size() == 1) {
            encode_word(word, scratch);
            ids.insert(ids.end(), scratch.begin(), scratch.end());
            continue;
        }
        const auto found = seen.find(word);
        if (found != seen.end()) {
            for (std::size_t i = 0; i < found->second.count; ++i) ids.push_back(ids[found->second.at + i]);
            continue;
        }
        encode_word(word, scratch);
        if (seen.size() < kCachedWords) seen.emplace(word, Place{ids.size(), scratch.size()});
        ids.insert(ids.end(), scratch.begin(), scratch.end());
    }
}

}  // namespace

std::vector<int> Tokenizer::encode(const std::vector<PromptSegment>& segments) const {
    std::vector<int> ids;
    for (const PromptSegment& segment : segments) {
        const std::vector<int> part = encode(segment.text, segment.allow_special);
        ids.insert(ids.end(), part.begin(), part.end());
    }
    return ids;
}

Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(BpeVocabulary vocabulary) {
    return BpeTokenizer::make(std::move(vocabulary));
}

}  // namespace hearth::llm
