#include "core/memory_ledger.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(MemoryLedger, RefusesWithTheNumbersAndRecoversOnRelease) {
    MemoryLedger ledger(100u << 20);
    {
        auto weights = ledger.reserve("weights", 80u << 20);
        ASSERT_TRUE(weights.ok());
        auto cache = ledger.reserve("kv cache", 30u << 20);
        ASSERT_FALSE(cache.ok());
        EXPECT_EQ(cache.error().code, ErrorCode::kResourceExhausted);
        EXPECT_NE(cache.error().message.find("weights 80 MiB"), std::string::npos);
    }
    EXPECT_EQ(ledger.used_bytes(), 0u);
    EXPECT_TRUE(ledger.reserve("kv cache", 30u << 20).ok());
}

}  // namespace
}  // namespace hearth
