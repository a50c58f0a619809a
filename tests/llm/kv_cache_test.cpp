#include "llm/kv_cache.h"

#include <cstring>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

constexpr KvShape kShape{2, 1, 4, 100};

std::unique_ptr<KvPool> make_pool(MemoryLedger& ledger, int tokens) {
    auto pool = KvPool::create(kShape, tokens, ledger);
    EXPECT_TRUE(pool.ok());
    return std::move(pool).value();
}

KvSequence filled(KvPool& pool, int tokens) {
    KvSequence sequence(pool);
    EXPECT_TRUE(sequence.reserve(tokens));
    sequence.advance(tokens);
    return sequence;
}

TEST(KvPool, AccountsItsMemoryAndRefusesWhatDoesNotFit) {
    MemoryLedger ledger(10000);
    const auto pool = make_pool(ledger, 100);  // 7 blocks of 2 layers of 100 bytes, rounded to 128
    EXPECT_EQ(ledger.used_bytes(), 7u * 2 * 128);
    EXPECT_EQ(KvPool::create(kShape, 10000, ledger).error().code, ErrorCode::kResourceExhausted);
}

TEST(KvPool, BlocksAreApartAndAligned) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 64);
    for (int block = 0; block < 4; ++block) {
        for (int layer = 0; layer < 2; ++layer) {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool->data(block, layer)) % 64, 0u);
            std::memset(pool->data(block, layer), block * 2 + layer, 100);
        }
    }
    for (int block = 0; block < 4; ++block)
        for (int layer = 0; layer < 2; ++layer)
            EXPECT_EQ(std::to_integer<int>(pool->data(block, layer)[99]), block * 2 + layer);
}

TEST(KvSequence, GivesItsBlocksBack) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 64);
    {
        KvSequence sequence = filled(*pool, 33);
        EXPECT_EQ(pool->free_blocks(), 1);
        EXPECT_FALSE(sequence.reserve(40));
        sequence.truncate(16);
        EXPECT_EQ(pool->free_blocks(), 3);
        KvSequence moved = std::move(sequence);
        EXPECT_EQ(moved.length(), 16);
    }
    EXPECT_EQ(pool->free_blocks(), 4);
}

TEST(KvSequence, SharedBlocksLiveAsLongAsOneHolder) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 64);
    KvSequence second(*pool);
    {
        const KvSequence first = filled(*pool, 40);
        second.share(first.block_ids().first(2));
        EXPECT_EQ(second.blocks(1)[1], first.blocks(1)[1]);
        EXPECT_EQ(pool->free_blocks(), 1);
    }
    EXPECT_EQ(pool->free_blocks(), 2);
    EXPECT_EQ(second.length(), 32);
}

}  // namespace
}  // namespace hearth::llm
