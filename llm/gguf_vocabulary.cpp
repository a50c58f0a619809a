#include "llm/gguf_vocabulary.h"

namespace hearth::llm {
namespace {

Result<int> token_id(const GgufFile& file, const char* key, std::size_t vocabulary) {
    const std::int64_t id = file.integer_or(key, -1);
    if (id < -1 || id >= static_cast<std::int64_t>(vocabulary))
        return Error(ErrorCode::kDataLoss, std::string("metadata '") + key + "' is no token of the vocabulary");
    return static_cast<int>(id);
}

}  // namespace

Result<BpeVocabulary> read_vocabulary(const GgufFile& file) {
    auto kind = file.text("tokenizer.ggml.model");
    if (!kind.ok()) return std::move(kind).error();
    if (kind.value() != "gpt2") {
        return Error(ErrorCode::kUnsupported,
                     "tokenizer '" + kind.value().substr(0, 64) + "'; byte-level BPE ('gpt2') is supported");
    }
    const auto* tokens = file.texts("tokenizer.ggml.tokens");
    const auto* merges = file.texts("tokenizer.ggml.merges");
    if (tokens == nullptr || merges == nullptr)
        return Error(ErrorCode::kDataLoss, "the vocabulary's tokens or merges are missing");
    BpeVocabulary vocabulary;
    vocabulary.tokens = *tokens;
    vocabulary.merges = *merges;
    const GgufValue* types = file.find("tokenizer.ggml.token_type");
    if (types != nullptr) {
        if (const auto* values = std::get_if<std::vector<std::int64_t>>(types)) vocabulary.types = *values;
    }
    if (vocabulary.types.empty()) vocabulary.types.assign(tokens->size(), 1);
    if (vocabulary.types.size() != tokens->size())
        return Error(ErrorCode::kDataLoss, "the vocabulary has not one type for each token");
    auto pre_tokenizer = file.text("tokenizer.ggml.pre");
    vocabulary.pre_tokenizer = pre_tokenizer.ok() ? std::move(pre_tokenizer).value() : "gpt-2";
    HEARTH_TRY(vocabulary.bos, token_id(file, "tokenizer.ggml.bos_token_id", tokens->size()));
    HEARTH_TRY(vocabulary.eos, token_id(file, "tokenizer.ggml.eos_token_id", tokens->size()));
    HEARTH_TRY(vocabulary.eot, token_id(file, "tokenizer.ggml.eot_token_id", tokens->size()));
    if (const GgufValue* add_bos = file.find("tokenizer.ggml.add_bos_token")) {
        if (const bool* flag = std::get_if<bool>(add_bos)) vocabulary.add_bos = *flag;
    }
    return vocabulary;
}

}  // namespace hearth::llm
