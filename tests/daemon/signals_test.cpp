#include "daemon/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>

namespace hearth::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Signals, AreDeliveredInOrderAndThenNothing) {
    auto signals = Signals::open();
    ASSERT_TRUE(signals.ok());
    EXPECT_EQ(signals->wait(0ms), 0);
    raise(SIGHUP);
    raise(SIGINT);
    raise(SIGTERM);
    EXPECT_EQ(signals->wait(1s), SIGHUP);
    EXPECT_EQ(signals->wait(1s), SIGINT);
    EXPECT_EQ(signals->wait(1s), SIGTERM);
    EXPECT_EQ(signals->wait(0ms), 0);
}

// Threads that a library started before main() receive signals too; they must not end the process.
TEST(Signals, OneThatAnotherThreadReceivesArrivesHere) {
    auto signals = Signals::open();
    ASSERT_TRUE(signals.ok());
    std::atomic<bool> stop = false;
    std::thread other([&] { stop.wait(false); });
    ASSERT_EQ(pthread_kill(other.native_handle(), SIGINT), 0);
    EXPECT_EQ(signals->wait(10s), SIGINT);
    stop = true;
    stop.notify_all();
    other.join();
}

TEST(Signals, ABrokenPipeIsNotFatal) {
    const auto signals = Signals::open();
    ASSERT_TRUE(signals.ok());
    EXPECT_EQ(raise(SIGPIPE), 0);
}

}  // namespace
}  // namespace hearth::daemon
