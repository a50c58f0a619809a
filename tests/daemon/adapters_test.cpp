#include "daemon/adapters.h"

#include <gtest/gtest.h>

#include <future>

namespace hearth::daemon {
namespace {

TEST(YieldGate, HoldsWhileBusyAndLetsGoAfter) {
    YieldGate gate;
    gate.set_busy(true);
    auto waiter = std::async(std::launch::async, [&] { gate.wait_until_free({}); });
    EXPECT_EQ(waiter.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);

    gate.set_busy(false);

    EXPECT_EQ(waiter.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(YieldGate, AHouseThatIsAlwaysBusyStillLetsABatchThroughNowAndThen) {
    YieldGate gate;
    gate.set_busy(true);
    auto waiter = std::async(std::launch::async, [&] { gate.wait_until_free({}); });
    EXPECT_EQ(waiter.wait_for(std::chrono::seconds(1)), std::future_status::timeout);
    EXPECT_EQ(waiter.wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(YieldGate, StopEndsTheWait) {
    YieldGate gate;
    gate.set_busy(true);
    std::stop_source stop;
    auto waiter = std::async(std::launch::async, [&] { gate.wait_until_free(stop.get_token()); });

    stop.request_stop();

    EXPECT_EQ(waiter.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace hearth::daemon
