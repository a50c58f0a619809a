#include "llm/gguf_vocabulary.h"

#include "llm/pre_tokenizer.h"

namespace hearth::llm {
namespace {

Result<int> token_id(const GgufFile& file, const char* key, std::size_t vocabulary) {
    const std::int64_t id = file.integer_or(key, -1);
    if (id < -1 || id >= static_cast<std::int64_t>(vocabulary))
        return Error(ErrorCode::kDataLoss, std::string("metadata '") + key + "' is no token of the vocabulary");
    return static_cast<int>(id);
}

bool flag_or(const GgufFile& file, const char* key, bool fallback) {
    const GgufValue* value = file.find(key);
    const bool* flag = value != nullptr ? std::get_if<bool>(value) : nullptr;
    return flag != nullptr ? *flag : fallback;
}

Result<std::vector<std::int64_t>> token_types(const GgufFile& file, std::size_t tokens) {
    std::vector<std::int64_t> types(tokens, 1);
    if (const GgufValue* value = file.find("tokenizer.ggml.token_type")) {
        if (const auto* values = std::get_if<std::vector<std::int64_t>>(value); values != nullptr && !values->empty())
            types = *values;
    }
    if (types.size() != tokens) return Error(ErrorCode::kDataLoss, "the vocabulary has not one type for each token");
    return types;
}

Status read_byte_bpe(const GgufFile& file, Vocabulary& vocabulary) {
    const auto* merges = file.texts("tokenizer.ggml.merges");
    if (merges == nullptr) return Error(ErrorCode::kDataLoss, "the vocabulary's merges are missing");
    vocabulary.kind = VocabularyKind::kByteBpe;
    vocabulary.merges = *merges;
    auto pre_tokenizer = file.text("tokenizer.ggml.pre");
    vocabulary.pre_tokenizer = pre_tokenizer.ok() ? std::move(pre_tokenizer).value() : "gpt-2";
    HEARTH_TRY(const WordRules rules, word_rules_by_name(vocabulary.pre_tokenizer));
    vocabulary.add_bos = flag_or(file, "tokenizer.ggml.add_bos_token", rules.adds_bos);
    return {};
}

Status read_sentencepiece(const GgufFile& file, Vocabulary& vocabulary) {
    const GgufValue* scores = file.find("tokenizer.ggml.scores");
    const auto* values = scores != nullptr ? std::get_if<std::vector<double>>(scores) : nullptr;
    if (values == nullptr || values->size() != vocabulary.tokens.size())
        return Error(ErrorCode::kDataLoss, "the vocabulary has not one score for each token");
    vocabulary.kind = VocabularyKind::kSentencePiece;
    vocabulary.scores.assign(values->begin(), values->end());
    vocabulary.add_bos = flag_or(file, "tokenizer.ggml.add_bos_token", true);
    const auto architecture = file.text("general.architecture");
    vocabulary.strip_behind = architecture.ok() && architecture.value() == "phi3";
    vocabulary.add_space_prefix = flag_or(file, "tokenizer.ggml.add_space_prefix", true);
    return {};
}

}  // namespace

Result<Vocabulary> read_vocabulary(const GgufFile& file) {
    HEARTH_TRY(const std::string kind, file.text("tokenizer.ggml.model"));
    if (kind != "gpt2" && kind != "llama") {
        return Error(ErrorCode::kUnsupported,
                     "tokenizer '" + kind.substr(0, 64) +
                         "'; byte-level BPE ('gpt2') and SentencePiece ('llama') are supported");
    }
    const auto* tokens = file.texts("tokenizer.ggml.tokens");
    if (tokens == nullptr) return Error(ErrorCode::kDataLoss, "the vocabulary's tokens are missing");
    Vocabulary vocabulary;
    vocabulary.tokens = *tokens;
    HEARTH_TRY(vocabulary.types, token_types(file, tokens->size()));
    HEARTH_TRY_STATUS(kind == "gpt2" ? read_byte_bpe(file, vocabulary) : read_sentencepiece(file, vocabulary));
    HEARTH_TRY(vocabulary.bos, token_id(file, "tokenizer.ggml.bos_token_id", tokens->size()));
    HEARTH_TRY(vocabulary.eos, token_id(file, "tokenizer.ggml.eos_token_id", tokens->size()));
    HEARTH_TRY(vocabulary.eot, token_id(file, "tokenizer.ggml.eot_token_id", tokens->size()));
    HEARTH_TRY(vocabulary.unknown, token_id(file, "tokenizer.ggml.unknown_token_id", tokens->size()));
    return vocabulary;
}

}  // namespace hearth::llm
