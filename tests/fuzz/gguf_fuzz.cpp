// Any bytes as a model file: refused, or every step that follows holds: each tensor readable to its last byte, the
// vocabulary a tokenizer, the description a decoder that computes.
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/check.h"
#include "fuzz/read_all.h"
#include "llm/decoder.h"
#include "llm/gguf.h"
#include "llm/gguf_vocabulary.h"

namespace {

using namespace hearth::llm;

/// Beyond these a decoder is only slower and larger, not other.
bool is_tiny(const DecoderConfig& config) {
    return config.layers <= 4 && config.width <= 128 && config.feed_forward <= 256 && config.vocabulary <= 1024 &&
           config.heads * config.head_dim <= 512;
}

void use_tokenizer(const GgufFile& file) {
    auto vocabulary = read_vocabulary(file);
    if (!vocabulary.ok()) return;
    const auto tokenizer = make_tokenizer(std::move(vocabulary).value());
    if (!tokenizer.ok()) return;
    for (const int id : (*tokenizer)->encode("Hello <|im_end|>\n12", true)) {
        HEARTH_CHECK(id >= 0 && id < (*tokenizer)->size());
        (void)(*tokenizer)->token_bytes(id);
    }
}

void use_decoder(const GgufFile& file) {
    const auto config = read_decoder_config(file);
    if (!config.ok() || !is_tiny(*config)) return;
    const auto ops = make_reference_ops();
    const auto decoder = Decoder::load(file, *config, *ops, {});
    if (!decoder.ok()) return;
    hearth::MemoryLedger ledger(64u << 20);
    const auto pool = KvPool::create((*decoder)->kv_shape(), 32, ledger);
    HEARTH_CHECK(pool.ok());
    KvSequence sequence(**pool);
    HEARTH_CHECK(sequence.reserve(2));
    std::vector<float> logits(static_cast<std::size_t>(config->vocabulary));
    const std::int32_t tokens[] = {0, config->vocabulary - 1};
    HEARTH_CHECK((*decoder)->forward(tokens, sequence, logits, {}, Phase::kDecode));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
    const auto file = GgufFile::parse(bytes);
    if (!file.ok()) return 0;
    for (const GgufTensor& tensor : (*file)->tensors()) hearth::fuzz::read_all(tensor.bytes);
    use_tokenizer(**file);
    use_decoder(**file);
    return 0;
}
