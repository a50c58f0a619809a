#include "llm/prefix_cache.h"

#include <numeric>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

class PrefixCacheTest : public testing::Test {
  protected:
    /// `count` tokens that begin with `first` and then count up.
    static std::vector<std::int32_t> tokens(int count, int first = 0) {
        std::vector<std::int32_t> out(static_cast<std::size_t>(count));
        std::iota(out.begin(), out.end(), 0);
        out[0] = first;
        return out;
    }
    KvSequence stored(int count) {
        KvSequence sequence(*pool_);
        EXPECT_TRUE(sequence.reserve(count));
        sequence.advance(count);
        return sequence;
    }
    int reused(const std::vector<std::int32_t>& wanted) {
        KvSequence sequence(*pool_);
        const int shared = cache_.reuse(wanted, 0, sequence);
        EXPECT_EQ(sequence.length(), shared);
        return shared;
    }

    MemoryLedger ledger_{1 << 20};
    std::unique_ptr<KvPool> pool_ = KvPool::create({2, 1, 4, 100}, 512, ledger_).value();  // 32 blocks
    PrefixCache cache_{*pool_};
};

TEST_F(PrefixCacheTest, SharesWholeBlocksAndLeavesATokenToCompute) {
    cache_.remember(tokens(40), 0, stored(40));  // keeps 32
    EXPECT_EQ(cache_.blocks(), 2);
    EXPECT_EQ(reused(tokens(100)), 32);
    EXPECT_EQ(reused(tokens(32)), 16) << "the last token's logits are needed";
    auto other = tokens(100);
    other[20] = 7;
    EXPECT_EQ(reused(other), 16);
    other[0] = 7;
    EXPECT_EQ(reused(other), 0);
    EXPECT_EQ(reused({}), 0);
}

TEST_F(PrefixCacheTest, BranchesShareTheirBeginning) {
    auto left = tokens(64), right = tokens(64);
    right[40] = 7;
    cache_.remember(left, 0, stored(64));
    {
        KvSequence sequence(*pool_);
        ASSERT_EQ(cache_.reuse(right, 0, sequence), 32);
        ASSERT_TRUE(sequence.reserve(32));
        sequence.advance(32);
        cache_.remember(right, 0, sequence);
    }
    EXPECT_EQ(cache_.blocks(), 6) << "two common, two of each";
    left.push_back(1);
    right.push_back(1);
    EXPECT_EQ(reused(left), 64);
    EXPECT_EQ(reused(right), 64);
}

TEST_F(PrefixCacheTest, TheSameAgainTakesNoMoreRoom) {
    cache_.remember(tokens(64), 0, stored(64));
    cache_.remember(tokens(64), 0, stored(64));
    cache_.remember(tokens(32), 0, stored(32));
    EXPECT_EQ(cache_.blocks(), 4);
    EXPECT_EQ(pool_->free_blocks(), 28);
}

TEST_F(PrefixCacheTest, EvictsEndsFirstAndWhatWasUnusedForLongest) {
    cache_.remember(tokens(32, 100), 0, stored(32));
    cache_.remember(tokens(32, 200), 0, stored(32));
    EXPECT_EQ(reused(tokens(33, 100)), 32);
    ASSERT_TRUE(cache_.evict());
    EXPECT_EQ(reused(tokens(33, 200)), 16) << "its end is gone";
    // That use made its beginning the latest.
    ASSERT_TRUE(cache_.evict());
    EXPECT_EQ(reused(tokens(33, 100)), 16);
    ASSERT_TRUE(cache_.evict());
    ASSERT_TRUE(cache_.evict());
    EXPECT_FALSE(cache_.evict());
    EXPECT_EQ(pool_->free_blocks(), 32);
    EXPECT_EQ(cache_.blocks(), 0);
}

TEST_F(PrefixCacheTest, WhatIsAskedForAgainAndAgainStaysLongest) {
    cache_.remember(tokens(16, 1), 0, stored(16));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reused(tokens(17, 1)), 16);
    for (int i = 2; i < 10; ++i) {
        EXPECT_EQ(reused(tokens(17, i)), 0);
        cache_.remember(tokens(16, i), 0, stored(16));
    }
    for (int i = 2; i < 10; ++i) ASSERT_TRUE(cache_.evict());
    EXPECT_EQ(reused(tokens(17, 1)), 16);
    ASSERT_TRUE(cache_.evict());
    EXPECT_EQ(cache_.blocks(), 0);
}

TEST_F(PrefixCacheTest, ProtectionEndsWhenNobodyAsksAnyMore) {
    cache_.remember(tokens(16, 1), 0, stored(16));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reused(tokens(17, 1)), 16);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(reused(tokens(17, 1000 + i)), 0);
    cache_.remember(tokens(16, 2), 0, stored(16));
    ASSERT_TRUE(cache_.evict());
    EXPECT_EQ(reused(tokens(17, 1)), 0);
    EXPECT_EQ(reused(tokens(17, 2)), 16);
}

TEST_F(PrefixCacheTest, BlocksOfRunningSequencesStay) {
    cache_.remember(tokens(64), 0, stored(64));
    KvSequence running(*pool_);
    ASSERT_EQ(cache_.reuse(tokens(33), 0, running), 32);
    EXPECT_EQ(cache_.evictable_blocks(), 2);
    EXPECT_EQ(cache_.match(tokens(64), 0).blocks, 3);
    EXPECT_EQ(cache_.match(tokens(64), 0).evictable_blocks, 1);
    ASSERT_TRUE(cache_.evict());
    ASSERT_TRUE(cache_.evict());
    EXPECT_FALSE(cache_.evict());
    EXPECT_EQ(pool_->free_blocks(), 30);
}

TEST_F(PrefixCacheTest, GivesEverythingBackAtItsEnd) {
    {
        PrefixCache cache(*pool_);
        cache.remember(tokens(100), 0, stored(100));
        EXPECT_EQ(pool_->free_blocks(), 26);
    }
    EXPECT_EQ(pool_->free_blocks(), 32);
}

}  // namespace
}  // namespace hearth::llm
