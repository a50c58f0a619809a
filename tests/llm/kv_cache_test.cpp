#include "llm/kv_cache.h"

#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

#include "llm/prefix_cache.h"

namespace hearth::llm {
namespace {

constexpr KvShape kShape{2, 1, 4, 100};

std::unique_ptr<KvPool> make_pool(MemoryLedger& ledger, int tokens) {
    auto pool = KvPool::create(kShape, tokens, ledger);
    EXPECT_TRUE(pool.ok());
    return std::move(pool).value();
}

std::vector<std::int32_t> counting(int count) {
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
    std::iota(tokens.begin(), tokens.end(), 0);
    return tokens;
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
        second.share(first, 32);
        EXPECT_EQ(second.layer(1).blocks[1], first.layer(1).blocks[1]);
        EXPECT_EQ(pool->free_blocks(), 1);
    }
    EXPECT_EQ(pool->free_blocks(), 2);
    EXPECT_EQ(second.length(), 32);
}

TEST(PrefixCache, SharesWholeBlocksAndLeavesATokenToCompute) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 256);
    PrefixCache cache(4);
    cache.remember(counting(40), filled(*pool, 40));  // keeps 32

    KvSequence longer(*pool);
    EXPECT_EQ(cache.reuse(counting(100), longer), 32);
    KvSequence same(*pool);
    EXPECT_EQ(cache.reuse(counting(32), same), 16) << "the last token's logits are needed";
    auto other = counting(100);
    other[20] = 7;
    KvSequence differing(*pool);
    EXPECT_EQ(cache.reuse(other, differing), 16);
    other[0] = 7;
    KvSequence unknown(*pool);
    EXPECT_EQ(cache.reuse(other, unknown), 0);
    KvSequence empty(*pool);
    EXPECT_EQ(cache.reuse({}, empty), 0);
}

TEST(PrefixCache, ForgetsTheLeastRecentlyUsed) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 1024);
    PrefixCache cache(2);
    const auto starting_with = [](int first) {
        auto tokens = counting(32);
        tokens[0] = first;
        return tokens;
    };
    const auto known = [&](int first) {
        KvSequence sequence(*pool);
        auto tokens = starting_with(first);
        tokens.push_back(1);
        return cache.reuse(tokens, sequence) == 32;
    };
    cache.remember(starting_with(100), filled(*pool, 32));
    cache.remember(starting_with(200), filled(*pool, 32));
    EXPECT_TRUE(known(100));
    cache.remember(starting_with(300), filled(*pool, 32));
    EXPECT_TRUE(known(100));
    EXPECT_FALSE(known(200));
    EXPECT_TRUE(cache.forget_oldest());
    EXPECT_TRUE(cache.forget_oldest());
    EXPECT_FALSE(cache.forget_oldest());
    EXPECT_EQ(pool->free_blocks(), 64);
}

TEST(PrefixCache, AContinuationReplacesWhatItContinues) {
    MemoryLedger ledger(1 << 20);
    const auto pool = make_pool(ledger, 1024);
    PrefixCache cache(4);
    cache.remember(counting(32), filled(*pool, 32));
    cache.remember(counting(64), filled(*pool, 64));
    EXPECT_TRUE(cache.forget_oldest());
    EXPECT_FALSE(cache.forget_oldest());
}

}  // namespace
}  // namespace hearth::llm
