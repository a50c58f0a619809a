// SentencePiece's byte-pair encoding (Kudo and Richardson, EMNLP 2018): neighbours are joined as long as both together
// are a piece, the best score first; what is no piece is spelled in bytes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "llm/bpe_merges.h"
#include "llm/vocabulary_tokenizer.h"
#include "llm/word_cache.h"

namespace hearth::llm {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581

/// The sum of squared piece lengths, which is what indexing costs; 262144 pieces of Gemma's come to some 20 million.
constexpr std::uint64_t kMaxIndexWork = std::uint64_t{1} << 31;

/// "<0x0A>" to 10; -1 for another spelling.
int byte_of(std::string_view spelling) {
    if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') return -1;
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    const int high = digit(spelling[3]);
    const int low = digit(spelling[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// Bytes of the spaces that `text` begins with.
std::size_t leading_spaces(std::string_view text) {
    std::size_t at = 0;
    while (text.substr(at).starts_with(kSpace)) at += kSpace.size();
    return at;
}

void append_escaped(std::string_view text, std::string& out) {
    for (const char c : text) {
        if (c == ' ')
            out += kSpace;
        else
            out += c;
    }
}

void append_unescaped(std::string_view spelling, std::string& out) {
    for (std::size_t at = 0; at < spelling.size();) {
        if (spelling.substr(at).starts_with(kSpace)) {
            out += ' ';
            at += kSpace.size();
        } else {
            out += spelling[at++];
        }
    }
}

/// A user-defined piece in angle brackets is markup, which stands in templates only; any other is text wherever it is.
bool is_markup(std::string_view spelling) {
    return spelling.starts_with('<') && spelling.ends_with('>');
}

class SentencePieceTokenizer final : public VocabularyTokenizer {
  public:
    explicit SentencePieceTokenizer(Vocabulary vocabulary) : VocabularyTokenizer(std::move(vocabulary)) {}
    Status index();

  private:
    struct Join {
        int left, right, whole;
    };

    Status check_pieces() const;
    Status index_pieces();
    void index_joins();
    void encode_plain(std::string_view text, std::vector<int>& ids) const override;
    void append_spelled(int id, std::string& out) const override;
    void encode_pieces(std::string_view text, WordCache& cache, std::vector<int>& ids) const;
    void encode_word(std::string_view word, std::vector<int>& out) const;
    std::string_view spelling(int id) const { return vocabulary().tokens[static_cast<std::size_t>(id)]; }

    SpellingIndex pieces_;          // the normal ones
    SpecialTokens literals_;        // user-defined text, never split
    std::array<int, 256> bytes_{};  // -1: no token
    MergeTable merges_;
    bool words_end_at_spaces_ = true;  // no piece goes on behind a space that follows something else
};

Status SentencePieceTokenizer::check_pieces() const {
    if (vocabulary().scores.size() != vocabulary().tokens.size())
        return Error(ErrorCode::kDataLoss, "the vocabulary has not one score for each token");
    for (const float score : vocabulary().scores) {
        if (!std::isfinite(score)) return Error(ErrorCode::kDataLoss, "a token's score is not a number");
    }
    std::uint64_t work = 0;
    for (const std::string& token : vocabulary().tokens) work += std::uint64_t{token.size()} * token.size();
    if (work > kMaxIndexWork) return Error(ErrorCode::kDataLoss, "the vocabulary's pieces are too long to be real");
    return {};
}

Status SentencePieceTokenizer::index_pieces() {
    bytes_.fill(-1);
    for (int id = 0; id < size(); ++id) {
        const std::string_view text = spelling(id);
        if (type(id) == TokenType::kByte) {
            if (const int byte = byte_of(text); byte >= 0) bytes_[static_cast<std::size_t>(byte)] = id;
        } else if (type(id) == TokenType::kUserDefined && !is_markup(text)) {
            HEARTH_TRY_STATUS(literals_.add(text, id));
        } else if (type(id) == TokenType::kNormal && !text.empty()) {
            pieces_.emplace(text, id);
        }
    }
    return {};
}

/// Every way to put a piece together out of two, ranked by the score of the whole.
void SentencePieceTokenizer::index_joins() {
    std::vector<Join> joins;
    for (const auto& [text, whole] : pieces_) {
        if (text.find(kSpace, leading_spaces(text)) != std::string_view::npos) words_end_at_spaces_ = false;
        for (std::size_t at = decode_utf8(text, 0).length; at < text.size(); at += decode_utf8(text, at).length) {
            const auto left = pieces_.find(text.substr(0, at));
            const auto right = pieces_.find(text.substr(at));
            if (left != pieces_.end() && right != pieces_.end()) joins.push_back({left->second, right->second, whole});
        }
    }
    const auto score = [&](const Join& join) { return vocabulary().scores[static_cast<std::size_t>(join.whole)]; };
    std::sort(joins.begin(), joins.end(), [&](const Join& a, const Join& b) { return score(a) > score(b); });
    merges_ = MergeTable(joins.size());
    std::int32_t rank = 0;
    for (std::size_t i = 0; i < joins.size(); ++i) {
        if (i > 0 && score(joins[i]) < score(joins[i - 1])) ++rank;  // equal scores: the leftmost first
        merges_.insert(joins[i].left, joins[i].right, {rank, joins[i].whole});
    }
}

Status SentencePieceTokenizer::index() {
    HEARTH_TRY_STATUS(check_pieces());
    HEARTH_TRY_STATUS(index_pieces());
    index_joins();
    return index_tokens();
}

void SentencePieceTokenizer::append_spelled(int id, std::string& out) const {
    const int byte = type(id) == TokenType::kByte ? byte_of(spelling(id)) : -1;
    if (byte >= 0)
        out += static_cast<char>(byte);
    else
        append_unescaped(spelling(id), out);
}

void SentencePieceTokenizer::encode_plain(std::string_view text, std::vector<int>& ids) const {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 4);
    if (vocabulary().add_space_prefix) escaped += kSpace;
    append_escaped(text, escaped);
    const std::string_view whole = escaped;
    WordCache cache;
    std::size_t done = 0;
    for (auto match = literals_.find(whole, 0); match.id >= 0; match = literals_.find(whole, done)) {
        encode_pieces(whole.substr(done, match.at - done), cache, ids);
        ids.push_back(match.id);
        done = match.at + match.length;
    }
    encode_pieces(whole.substr(done), cache, ids);
}

/// Word by word where the vocabulary allows it, which is the same and cheaper: words repeat.
void SentencePieceTokenizer::encode_pieces(std::string_view text, WordCache& cache, std::vector<int>& ids) const {
    std::vector<int> scratch;
    const auto encode = [&](std::string_view word) -> const std::vector<int>& {
        encode_word(word, scratch);
        return scratch;
    };
    for (std::size_t start = 0; start < text.size();) {
        std::size_t end = text.size();
        if (words_end_at_spaces_) {
            end = std::min(text.find(kSpace, start + leading_spaces(text.substr(start))), text.size());
        }
        cache.append(text.substr(start, end - start), ids, encode);
        start = end;
    }
}

void SentencePieceTokenizer::encode_word(std::string_view word, std::vector<int>& out) const {
    out.clear();
    for (std::size_t at = 0; at < word.size();) {
        const std::size_t length = decode_utf8(word, at).length;
        const std::string_view symbol = word.substr(at, length);
        at += length;
        if (const auto piece = pieces_.find(symbol); piece != pieces_.end()) {
            out.push_back(piece->second);
            continue;
        }
        for (const char c : symbol) {
            const int byte = bytes_[static_cast<unsigned char>(c)];
            if (byte >= 0) out.push_back(byte);
            if (byte < 0 && vocabulary().unknown >= 0) out.push_back(vocabulary().unknown);
            if (byte < 0) break;  // one unknown for the whole symbol
        }
    }
    apply_merges(merges_, out);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(Vocabulary vocabulary) {
    auto tokenizer = std::make_unique<SentencePieceTokenizer>(std::move(vocabulary));
    HEARTH_TRY_STATUS(tokenizer->index());
    return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace hearth::llm
