// Limits of keys, and what mistakes cost.
#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/temp_dir.h"
#include "web/auth/gate.h"
#include "web/auth/key_limits.h"
#include "web/auth/key_use.h"
#include "web/auth/lockout.h"
#include "web/keys.h"

namespace hearth::web {
namespace {

using namespace std::chrono_literals;

TEST(Lockout, EachMistakeBeyondTheFreeOnesWaitsTwiceAsLong) {
    Lockout lockout;
    const Lockout::Clock::time_point now{};
    for (int i = 1; i < Lockout::kFreeMistakes; ++i) lockout.failed("10.0.0.1", now);
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now), 0s);
    lockout.failed("10.0.0.1", now);
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now), 1s);
    lockout.failed("10.0.0.1", now);
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now), 2s);
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now + 2s), 0s);
    EXPECT_EQ(lockout.wait_for("10.0.0.2", now), 0s);
    for (int i = 0; i < 100; ++i) lockout.failed("10.0.0.1", now);
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now), Lockout::kLongestWait);
    lockout.succeeded("10.0.0.1");
    EXPECT_EQ(lockout.wait_for("10.0.0.1", now), 0s);
}

TEST(Lockout, CountsAHouseholdsAddressesAsOneAndForgets) {
    Lockout lockout;
    const Lockout::Clock::time_point now{};
    for (int i = 0; i < Lockout::kFreeMistakes; ++i) lockout.failed("2001:db8:0:1::" + std::to_string(i), now);
    EXPECT_EQ(lockout.wait_for("2001:db8:0:1::ffff", now), 1s);
    EXPECT_EQ(lockout.wait_for("2001:db8:0:2::1", now), 0s);
    const auto later = now + Lockout::kForgetAfter + 1s;
    lockout.failed("2001:db8:0:1::1", later);
    EXPECT_EQ(lockout.wait_for("2001:db8:0:1::1", later), 0s);
}

TEST(Lockout, IsBounded) {
    Lockout lockout;
    Lockout::Clock::time_point now{};
    for (int i = 0; i < Lockout::kFreeMistakes; ++i) lockout.failed("first", now);
    for (std::size_t i = 0; i < Lockout::kMaxAddresses; ++i) lockout.failed(std::to_string(i), now += 1us);
    EXPECT_EQ(lockout.wait_for("first", now), 0s) << "the oldest had to make room";
}

TEST(KeyLimits, ABucketFillsEvenly) {
    KeyLimits limits;
    const KeyLimits::Clock::time_point now{};
    EXPECT_EQ(limits.take_request("a", 2, now).remaining, 1);
    EXPECT_TRUE(limits.take_request("a", 2, now).allowed);
    const auto refused = limits.take_request("a", 2, now);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.next, 30s);
    EXPECT_EQ(refused.reset, 60s);
    EXPECT_TRUE(limits.take_request("b", 2, now).allowed);
    EXPECT_FALSE(limits.take_request("a", 2, now + 29s).allowed);
    EXPECT_TRUE(limits.take_request("a", 2, now + 31s).allowed);
    const auto headers = rate_headers(refused);
    ASSERT_EQ(headers.size(), 3u);
    EXPECT_EQ(headers[0].value, "2");
    EXPECT_EQ(headers[1].value, "0");
    EXPECT_EQ(headers[2].value, "1m0s");
}

TEST(KeyLimits, PlacesAreGivenBack) {
    std::shared_ptr<void> outlives;
    {
        KeyLimits limits;
        auto first = limits.take_generation("a", 1);
        EXPECT_NE(first, nullptr);
        EXPECT_EQ(limits.take_generation("a", 1), nullptr);
        EXPECT_NE(limits.take_generation("b", 1), nullptr);
        first.reset();
        outlives = limits.take_generation("a", 1);
        EXPECT_NE(outlives, nullptr);
    }
    outlives.reset();
}

class GateAtHome : public testing::Test {
  protected:
    ServerOptions options() const {
        ServerOptions out;
        out.state_directory = home_.path();
        return out;
    }
    /// 0 = let in.
    int ask(Gate& gate, const std::string& key, const Needs& needs = {Scope::kRead}) {
        request_.emplace();
        request_->peer = "10.0.0.1";
        if (!key.empty()) request_->headers.push_back({"authorization", "Bearer " + key});
        headers_.clear();
        refusal_ = gate.admit(*request_, needs, headers_);
        return refusal_ ? refusal_->status : 0;
    }

    test::TempDir home_;
    std::optional<Request> request_;
    std::vector<Header> headers_;
    std::optional<ApiError> refusal_;
};

TEST_F(GateAtHome, KeepsAKeyToItsLimits) {
    const auto made = add_key(keys_path(home_.path()), "app", "read", 0, {2, 1}).value();
    Gate gate(options());
    EXPECT_EQ(ask(gate, made.secret, {Scope::kRead, true}), 0);
    EXPECT_EQ(headers_.size(), 3u);
    const Caller in_work = request_->caller;
    EXPECT_EQ(ask(gate, made.secret, {Scope::kRead, true}), 429);
    EXPECT_NE(refusal_->message.find("answers in work"), std::string::npos);
    EXPECT_TRUE(refusal_->retry_after);
    EXPECT_EQ(ask(gate, made.secret), 429);
    EXPECT_NE(refusal_->message.find("2 requests a minute"), std::string::npos);
    EXPECT_EQ(headers_.at(1).value, "0");
}

TEST_F(GateAtHome, WrongKeysLockTheirAddressButNotAKeyOfTheFile) {
    ServerOptions with_configured = options();
    with_configured.api_key = "a configured key";
    const auto made = add_key(keys_path(home_.path()), "app", "read", 0).value();
    Gate gate(with_configured);
    for (int i = 0; i < Lockout::kFreeMistakes; ++i) EXPECT_EQ(ask(gate, "wrong"), 401);
    EXPECT_EQ(ask(gate, "wrong"), 429);
    EXPECT_GT(refusal_->retry_after->count(), 0);
    EXPECT_EQ(ask(gate, "a configured key"), 429) << "it may be short enough to be guessed";
    EXPECT_EQ(ask(gate, made.secret), 0);
    EXPECT_EQ(ask(gate, ""), 401) << "no key is no mistake";
}

TEST_F(GateAtHome, TellsWhenAKeyWasUsed) {
    const std::string path = keys_path(home_.path());
    const auto made = add_key(path, "app", "read", 0).value();
    const auto other = add_key(path, "other", "read", 0).value();
    Gate gate(options());
    EXPECT_EQ(ask(gate, made.secret), 0);
    EXPECT_EQ(ask(gate, other.secret), 0);
    ASSERT_TRUE(revoke_key(path, other.key.id).ok());
    ASSERT_TRUE(gate.save().ok());
    const auto used = load_key_use(key_use_path(home_.path()));
    EXPECT_EQ(used.size(), 1u) << "a revoked key is forgotten";
    EXPECT_GT(used.at(made.key.id), 0);
    ASSERT_TRUE(atomic_write_file(key_use_path(home_.path()), "[1").ok());
    EXPECT_TRUE(load_key_use(key_use_path(home_.path())).empty());
}

TEST_F(GateAtHome, AFileFromBeforeThereWereLimitsIsRead) {
    const std::string path = keys_path(home_.path());
    ASSERT_TRUE(atomic_write_file(path, R"({"keys":[{"id":"a","name":"n","sha256":")" + std::string(64, 'a') +
                                            R"(","scope":"read","created":1,"expires":0}]})")
                    .ok());
    EXPECT_EQ(load_keys(path).value().at(0).limits.requests_per_minute, 0);
}

}  // namespace
}  // namespace hearth::web
