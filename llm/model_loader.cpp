#include "llm/model_loader.h"

#include <algorithm>
#include <filesystem>
#include <new>

#include "core/log.h"
#include "llm/device.h"
#include "llm/gguf_vocabulary.h"

namespace hearth::llm {
namespace {

constexpr int kMinContext = 64;  // a template's own text and a few tokens of answer

Status load_text(LoadedModel& model) {
    HEARTH_TRY(Vocabulary vocabulary, read_vocabulary(*model.file));
    const auto spelling = [&](int id) {
        return id < 0 ? std::string() : vocabulary.tokens[static_cast<std::size_t>(id)];
    };
    auto source = model.file->text("tokenizer.chat_template");
    if (!source.ok()) {
        return Error(ErrorCode::kUnsupported,
                     "the file has no chat template: use an instruction-tuned model ('...-instruct')");
    }
    HEARTH_TRY(model.chat_template,
               parse_chat_template(source.value(), spelling(vocabulary.bos), spelling(vocabulary.eos)));
    HEARTH_TRY(model.tokenizer, make_tokenizer(std::move(vocabulary)));
    return {};
}

/// The ledger answers before the weights are read.
Status reserve_memory(LoadedModel& model, const DecoderConfig& config, const EngineOptions& options,
                      MemoryLedger& ledger) {
    HEARTH_TRY(model.weight_lease, ledger.reserve("weights", Decoder::weight_bytes(*model.file, *model.ops)));
    HEARTH_TRY(model.scratch_lease, ledger.reserve("scratch", Decoder::scratch_bytes(config)));
    const KvFormat format = kv_format_of(options);
    const KvShape shape{config.layers, config.kv_heads, config.head_dim,
                        model.ops->kv_block_bytes(config.kv_heads, config.head_dim, format), format};
    HEARTH_TRY(model.kv_pool, KvPool::create(shape, kv_tokens_of(options, model.info.context_tokens), ledger));
    return {};
}

Result<std::unique_ptr<LoadedModel>> load_parts(const EngineOptions& options, MemoryLedger& ledger,
                                                const LoadProgress& progress, const std::stop_token& cancel) {
    if (options.context_tokens < kMinContext) {
        return Error(ErrorCode::kInvalidArgument, "a context of " + std::to_string(options.context_tokens) +
                                                      " tokens is too small; at least " + std::to_string(kMinContext) +
                                                      " are needed");
    }
    if (options.kv_bits != 8 && options.kv_bits != 16) {
        return Error(ErrorCode::kInvalidArgument,
                     "keys and values in " + std::to_string(options.kv_bits) + " bits: 8 and 16 are possible");
    }
    auto model = std::make_unique<LoadedModel>();
    HEARTH_TRY(model->file, GgufFile::open(options.model_path));
    HEARTH_TRY(DecoderConfig config, read_decoder_config(*model->file));
    HEARTH_TRY_STATUS(load_text(*model));
    if (model->tokenizer->size() != config.vocabulary) {
        return Error(ErrorCode::kDataLoss, "the vocabulary has " + std::to_string(model->tokenizer->size()) +
                                               " tokens, but the embedding table " + std::to_string(config.vocabulary) +
                                               " rows");
    }
    HEARTH_TRY(model->ops, open_device({.kind = options.reference ? DeviceKind::kReference : DeviceKind::kCpu,
                                        .threads = options.threads,
                                        .cpu_isa = options.cpu_isa}));
    model->info.id = std::filesystem::path(options.model_path).stem().string();
    model->info.architecture = config.architecture;
    model->info.context_tokens = std::min(options.context_tokens, config.context_tokens);
    model->info.vocabulary_size = config.vocabulary;
    model->info.isa = model->ops->isa();
    model->info.threads = model->ops->threads();
    for (const GgufTensor& tensor : model->file->tensors()) model->info.weight_bytes += tensor.bytes.size();
    HEARTH_TRY_STATUS(reserve_memory(*model, config, options, ledger));
    HEARTH_TRY(model->decoder, Decoder::load(*model->file, std::move(config), *model->ops, progress, cancel));
    if (!model->decoder->borrows_file()) model->file.reset();
    model->adapters = std::make_unique<LoraStore>(options, model->decoder->config(), ledger);
    return model;
}

Result<std::unique_ptr<LoadedModel>> load_or_run_out(const EngineOptions& options, MemoryLedger& ledger,
                                                     const LoadProgress& progress, const std::stop_token& cancel) {
    try {
        return load_parts(options, ledger, progress, cancel);
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "the system has no memory left for it");
    }
}

}  // namespace

const std::shared_ptr<const TokenTrie>& LoadedModel::token_trie() {
    if (token_trie_ == nullptr) token_trie_ = make_token_trie(*tokenizer);
    return token_trie_;
}

int kv_tokens_of(const EngineOptions& options, int context_tokens) {
    return std::max(options.kv_tokens > 0 ? options.kv_tokens : 2 * context_tokens, context_tokens);
}

Result<std::unique_ptr<LoadedModel>> load_model(const EngineOptions& options, MemoryLedger& ledger,
                                                const LoadProgress& progress, const std::stop_token& cancel) {
    auto model = load_or_run_out(options, ledger, progress, cancel);
    if (!model.ok()) return Error(model.error().code, "model " + options.model_path + ": " + model.error().message);
    const ModelInfo& info = model.value()->info;
    HEARTH_LOG(kInfo, "llm", "model_loaded",
               {{"model", info.id},
                {"architecture", info.architecture},
                {"context", info.context_tokens},
                {"weight_bytes", info.weight_bytes},
                {"isa", info.isa},
                {"threads", info.threads}});
    return model;
}

}  // namespace hearth::llm
