// A real model opened for the golden tests, and the golden forward passes it is held against.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/decoder.h"
#include "llm/golden_paths.h"

namespace hearth::llm {

/// tests/golden/MODEL.json: for each prompt its ids, the 20 best logits after it, the mean and standard deviation of
/// all, and the greedy continuation with each step's margin over the second best. Float32 numpy over the dequantised
/// weights.
inline nlohmann::json golden_passes(const std::string& model) {
    return parse_json(read_file(test::golden_path(model + ".json"), 1 << 20).value()).value();
}

inline std::int32_t best_of(const std::vector<float>& logits) {
    return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

struct GoldenModel {
    std::unique_ptr<GgufFile> file;
    std::unique_ptr<Ops> ops;
    MemoryLedger ledger{std::size_t{4} << 30};
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<KvPool> pool;

    void open(const std::string& path, std::unique_ptr<Ops> backend, KvFormat format = KvFormat::kFull) {
        ops = std::move(backend);
        auto opened = GgufFile::open(path);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        file = std::move(opened).value();
        auto config = read_decoder_config(*file);
        ASSERT_TRUE(config.ok()) << config.error().message;
        auto loaded = Decoder::load(*file, config.value(), *ops, {});
        ASSERT_TRUE(loaded.ok()) << loaded.error().message;
        decoder = std::move(loaded).value();
        auto created = KvPool::create(decoder->kv_shape(format), 512, ledger);
        ASSERT_TRUE(created.ok()) << created.error().message;
        pool = std::move(created).value();
    }

    std::vector<float> step(std::span<const std::int32_t> tokens, KvSequence& sequence) {
        std::vector<float> logits(static_cast<std::size_t>(decoder->config().vocabulary));
        EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
        EXPECT_TRUE(
            decoder->forward(tokens, sequence, logits, {}, tokens.size() > 1 ? Phase::kPrefill : Phase::kDecode));
        return logits;
    }
};

}  // namespace hearth::llm
