#include "llm/vocabulary_tokenizer.h"

#include <algorithm>
#include <utility>

namespace hearth::llm {
namespace {

/// Files name one end token; chat models end a turn with any of these.
constexpr const char* kTurnEnds[] = {"<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>",
                                     "<|end|>",    "<end_of_turn>", "</s>"};

Status check_shape(const Vocabulary& vocabulary) {
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
    for (const int id : {vocabulary.bos, vocabulary.eos, vocabulary.eot, vocabulary.unknown}) {
        if (id < -1 || id >= count) {
            return Error(ErrorCode::kDataLoss, "special token id " + std::to_string(id) +
                                                   " is outside the vocabulary of " + std::to_string(count) +
                                                   " tokens");
        }
    }
    return {};
}

}  // namespace

VocabularyTokenizer::SpellingIndex VocabularyTokenizer::index_spellings() const {
    SpellingIndex index;
    index.reserve(vocabulary_.tokens.size());
    for (int id = 0; id < size(); ++id) index.emplace(vocabulary_.tokens[static_cast<std::size_t>(id)], id);
    return index;
}

Status VocabularyTokenizer::index_tokens() {
    byte_offsets_.push_back(0);
    for (int id = 0; id < size(); ++id) {
        const std::int64_t type = this->type(id);
        if (type == TokenType::kControl || type == TokenType::kUserDefined)
            HEARTH_TRY_STATUS(special_.add(vocabulary_.tokens[static_cast<std::size_t>(id)], id));
        if (type != TokenType::kControl && type != TokenType::kUnused && type != TokenType::kUnknown)
            append_spelled(id, bytes_);
        byte_offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }
    for (const char* text : kTurnEnds) {
        const int id = special_.id(text);
        if (id >= 0 && type(id) == TokenType::kControl) end_tokens_.push_back(id);
    }
    if (vocabulary_.eos >= 0) end_tokens_.push_back(vocabulary_.eos);
    if (vocabulary_.eot >= 0) end_tokens_.push_back(vocabulary_.eot);
    return {};
}

std::vector<int> VocabularyTokenizer::encode(std::string_view text, bool allow_special) const {
    std::vector<int> ids;
    Pending pending;
    if (allow_special)
        split_special(text, pending, ids);
    else
        pending.text = text;
    encode_pending(pending, ids);
    return ids;
}

std::vector<int> VocabularyTokenizer::encode(const std::vector<PromptSegment>& segments) const {
    std::vector<int> ids;
    Pending pending;
    for (const PromptSegment& segment : segments) {
        if (segment.allow_special)
            split_special(segment.text, pending, ids);
        else
            pending.text += segment.text;
    }
    encode_pending(pending, ids);
    if (vocabulary_.add_bos && vocabulary_.bos >= 0 && (ids.empty() || ids.front() != vocabulary_.bos))
        ids.insert(ids.begin(), vocabulary_.bos);
    return ids;
}

void VocabularyTokenizer::split_special(std::string_view text, Pending& pending, std::vector<int>& ids) const {
    std::size_t done = 0;
    for (auto match = special_.find(text, 0); match.id >= 0; match = special_.find(text, done)) {
        pending.text += text.substr(done, match.at - done);
        encode_pending(pending, ids);
        ids.push_back(match.id);
        pending.strip = strips_behind(match.id);
        done = match.at + match.length;
    }
    pending.text += text.substr(done);
}

void VocabularyTokenizer::encode_pending(Pending& pending, std::vector<int>& ids) const {
    std::string_view text = pending.text;
    if (pending.strip) text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
    if (!text.empty()) encode_plain(text, ids);
    pending = {};
}

bool VocabularyTokenizer::strips_behind(int id) const {
    const std::string_view text = token_text(id);
    return vocabulary_.strip_behind && text.starts_with("<|") && text.ends_with("|>") && text != "<|endoftext|>";
}

std::string_view VocabularyTokenizer::token_bytes(int id) const {
    if (id < 0 || id >= size()) return {};
    const auto at = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(byte_offsets_[at], byte_offsets_[at + 1] - byte_offsets_[at]);
}

std::string_view VocabularyTokenizer::token_text(int id) const {
    return id < 0 || id >= size() ? std::string_view{} : vocabulary_.tokens[static_cast<std::size_t>(id)];
}

bool VocabularyTokenizer::is_end_of_generation(int id) const {
    return std::find(end_tokens_.begin(), end_tokens_.end(), id) != end_tokens_.end();
}

Result<std::unique_ptr<Tokenizer>> make_tokenizer(Vocabulary vocabulary) {
    HEARTH_TRY_STATUS(check_shape(vocabulary));
    if (vocabulary.types.empty()) vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
    return vocabulary.kind == VocabularyKind::kByteBpe ? make_byte_bpe_tokenizer(std::move(vocabulary))
                                                       : make_sentencepiece_tokenizer(std::move(vocabulary));
}

}  // namespace hearth::llm
