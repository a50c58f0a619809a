#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "llm/tokenizer.h"
#include "llm/wordpiece_normalizer.h"
#include "llm/wordpiece_vocab.h"

namespace hearth::llm {
namespace {

using nlohmann::json;
using Kind = NormalizedGlyph::Kind;

constexpr std::int64_t kMaxTokens = 1'000'000;

/// A word while it is read: its normalised bytes, and for each of them the input glyph it came from.
struct Word {
    std::string bytes;
    std::vector<TokenSpan> sources;  // one per byte
    std::size_t characters = 0;
    TokenSpan span;  // the whole word in the input
    bool overlong = false;

    void clear() {
        bytes.clear();
        sources.clear();
        characters = 0;
        overlong = false;
    }
};

struct Settings {
    BertNormalizer normalizer;
    std::size_t max_characters = 100;
    std::string prefix = "##";
    int unknown = -1;
    int cls = -1;
    int sep = -1;
    int size = 0;
};

class BertWordPiece : public WordPieceTokenizer {
  public:
    BertWordPiece(Settings settings, ByteTrie first, ByteTrie continuing)
        : settings_(std::move(settings)), first_(std::move(first)), continuing_(std::move(continuing)) {
        for (unsigned byte = 0; byte < 128; ++byte) {
            ascii_[byte] = normalize_ascii(settings_.normalizer, static_cast<unsigned char>(byte));
        }
    }

    std::vector<Token> encode(std::string_view text) const override;
    int cls() const override { return settings_.cls; }
    int sep() const override { return settings_.sep; }
    int size() const override { return settings_.size; }

  private:
    void append(Word& word, std::string_view bytes, TokenSpan source) const;
    void end_word(Word& word, std::vector<Token>& tokens) const;

    const Settings settings_;
    const ByteTrie first_;
    const ByteTrie continuing_;
    std::array<NormalizedByte, 128> ascii_;
};

void BertWordPiece::append(Word& word, std::string_view bytes, TokenSpan source) const {
    if (word.characters == 0) word.span.start = source.start;
    word.span.end = source.end;
    for (const char c : bytes) word.characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    word.overlong = word.overlong || word.characters > settings_.max_characters;
    if (word.overlong) return;  // [UNK] whatever follows: nothing more to remember
    word.bytes += bytes;
    word.sources.insert(word.sources.end(), bytes.size(), source);
}

void BertWordPiece::end_word(Word& word, std::vector<Token>& tokens) const {
    if (word.characters == 0) return;
    const std::size_t first_token = tokens.size();
    bool known = !word.overlong;
    for (std::size_t at = 0; known && at < word.bytes.size();) {
        const ByteTrie& trie = at == 0 ? first_ : continuing_;
        const ByteTrie::Match match = trie.longest(std::string_view(word.bytes).substr(at));
        known = match.id >= 0;
        if (!known) break;
        tokens.push_back({match.id, {word.sources[at].start, word.sources[at + match.length - 1].end}});
        at += match.length;
    }
    if (!known) {
        tokens.resize(first_token);
        tokens.push_back({settings_.unknown, word.span});
    }
    word.clear();
}

std::vector<WordPieceTokenizer::Token> BertWordPiece::encode(std::string_view text) const {
    std::vector<Token> tokens;
    tokens.reserve(text.size() / 4);
    Word word;
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        Kind kind;
        std::size_t length = 1;
        NormalizedGlyph glyph;
        std::string_view bytes;
        if (byte < 128) {
            kind = ascii_[byte].kind;
            bytes = std::string_view(&ascii_[byte].byte, 1);
        } else {
            glyph = normalize_glyph(settings_.normalizer, text, at);
            kind = glyph.kind;
            length = glyph.length;
            bytes = glyph.text;
        }
        if (kind == Kind::kSpace || kind == Kind::kSingle) end_word(word, tokens);
        if (kind == Kind::kSingle || kind == Kind::kLetter) append(word, bytes, {at, at + length});
        if (kind == Kind::kSingle) end_word(word, tokens);
        at += length;
    }
    end_word(word, tokens);
    return tokens;
}

Error unsupported(const std::string& what) {
    return Error(ErrorCode::kUnsupported, "tokenizer.json: " + what + "; this build reads BERT's WordPiece");
}

bool flag_or(const json& object, const char* key, bool fallback) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

/// The value of a string member; empty when it is absent or something else.
std::string text_of(const json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// An object's member; null when it is absent.
const json& member(const json& object, const char* key) {
    static const json kNull;
    const auto found = object.find(key);
    return found != object.end() ? *found : kNull;
}

Status read_normalizer(const json& document, BertNormalizer& normalizer) {
    const json& settings = member(document, "normalizer");
    if (text_of(settings, "type") != "BertNormalizer") return unsupported("normalizer is not BertNormalizer");
    normalizer.clean_text = flag_or(settings, "clean_text", true);
    normalizer.handle_chinese_chars = flag_or(settings, "handle_chinese_chars", true);
    normalizer.lowercase = flag_or(settings, "lowercase", true);
    normalizer.strip_accents = flag_or(settings, "strip_accents", normalizer.lowercase);
    return {};
}

Status read_vocabulary(const json& model, Settings& settings, ByteTrie& first, ByteTrie& continuing) {
    const auto vocabulary = model.find("vocab");
    if (vocabulary == model.end() || !vocabulary->is_object() || vocabulary->empty()) {
        return Error(ErrorCode::kDataLoss, "tokenizer.json: model.vocab is missing or empty");
    }
    if (vocabulary->size() > static_cast<std::size_t>(kMaxTokens)) {
        return Error(ErrorCode::kResourceExhausted, "tokenizer.json: over 1,000,000 tokens");
    }
    const std::string unknown = text_of(model, "unk_token");
    for (const auto& [token, id_value] : vocabulary->items()) {
        const std::int64_t id = id_value.is_number_integer() ? id_value.get<std::int64_t>() : -1;
        if (id < 0 || id >= kMaxTokens) {
            return Error(ErrorCode::kDataLoss, "tokenizer.json: the id of \"" + token + "\" is not in 0 .. 999999");
        }
        const int number = static_cast<int>(id);
        settings.size = std::max(settings.size, number + 1);
        if (token.starts_with(settings.prefix) && token.size() > settings.prefix.size()) {
            continuing.insert(std::string_view(token).substr(settings.prefix.size()), number);
        } else if (!token.empty()) {
            first.insert(token, number);
        }
        if (token == "[CLS]") settings.cls = number;
        if (token == "[SEP]") settings.sep = number;
        if (token == unknown) settings.unknown = number;
    }
    if (settings.cls < 0 || settings.sep < 0 || settings.unknown < 0) {
        return Error(ErrorCode::kDataLoss, "tokenizer.json: the vocabulary lacks [CLS], [SEP] or its unknown token");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<WordPieceTokenizer>> make_wordpiece_tokenizer(std::string_view text) {
    HEARTH_TRY(const json document, parse_json(text, {.bytes = 64u << 20, .depth = 64}));
    if (!document.is_object()) return Error(ErrorCode::kDataLoss, "tokenizer.json is not an object");
    const json& model = member(document, "model");
    if (!model.is_object()) return Error(ErrorCode::kDataLoss, "tokenizer.json has no model");
    // Files before tokenizers 0.10 leave the type out.
    const std::string type = text_of(model, "type");
    if (!type.empty() && type != "WordPiece") return unsupported("the model is of type " + type);
    if (text_of(member(document, "pre_tokenizer"), "type") != "BertPreTokenizer") {
        return unsupported("pre_tokenizer is not BertPreTokenizer");
    }
    Settings settings;
    HEARTH_TRY_STATUS(read_normalizer(document, settings.normalizer));
    const std::string prefix = text_of(model, "continuing_subword_prefix");
    if (!prefix.empty()) settings.prefix = prefix;
    const auto limit = model.find("max_input_chars_per_word");
    if (limit != model.end() && limit->is_number_integer()) {
        const auto characters = limit->get<std::int64_t>();
        if (characters < 1 || characters > 10000) return unsupported("max_input_chars_per_word is not in 1 .. 10000");
        settings.max_characters = static_cast<std::size_t>(characters);
    }
    ByteTrie first;
    ByteTrie continuing;
    HEARTH_TRY_STATUS(read_vocabulary(model, settings, first, continuing));
    return std::unique_ptr<WordPieceTokenizer>(
        std::make_unique<BertWordPiece>(std::move(settings), std::move(first), std::move(continuing)));
}

}  // namespace hearth::llm
