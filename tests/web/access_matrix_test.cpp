// Every route against every kind of caller, from the route list itself: a new route cannot be forgotten.
#include <gtest/gtest.h>

#include <ctime>

#include "core/file.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"
#include "web/keys.h"

namespace hearth::web {
namespace {

constexpr int kPassed = 0;  // no guard refused: the route itself answers

class AccessMatrix : public testing::Test {
  protected:
    AccessMatrix() : app_(options()) {
        app_.set_services(house_.services());
        const std::string path = keys_path(home_.path());
        read_ = add_key(path, "reader", "read", 0).value().secret;
        write_ = add_key(path, "writer", "write", 0).value().secret;
        admin_ = add_key(path, "admin", "admin", 0).value().secret;
        expired_ = add_key(path, "old", "admin", std::time(nullptr) - 1).value().secret;
    }

    ServerOptions options() const {
        ServerOptions out;
        out.state_directory = home_.path();
        return out;
    }

    /// The status of the guard that refused, or kPassed. Only plan() runs: no handler does.
    int ask(const Route& route, std::vector<Header> headers) {
        Request request;
        request.method = route.method;
        request.path = std::string(route.pattern);
        for (std::size_t at; (at = request.path.find("{}")) != std::string::npos;) request.path.replace(at, 2, "x");
        request.headers = std::move(headers);
        request.peer = "client " + std::to_string(++asked_);  // mistakes of one are not held against the next
        if (request.header_count("host") == 0) request.headers.push_back({"host", "localhost:1"});
        const Plan plan = app_.plan(request);
        EXPECT_TRUE(plan.route == nullptr || plan.route->pattern == route.pattern);
        return plan.refusal ? plan.refusal->status : kPassed;
    }
    static Header bearer(const std::string& key) { return {"authorization", "Bearer " + key}; }

    test::TempDir home_;
    test::FakeHouse house_;
    App app_;
    std::string read_, write_, admin_, expired_;
    int asked_ = 0;
};

TEST_F(AccessMatrix, EveryRouteAndEveryCaller) {
    ASSERT_GT(app_.routes().size(), 40u);
    for (const Route& route : app_.routes()) {
        SCOPED_TRACE(std::string(method_name(route.method)) + " " + std::string(route.pattern));
        const bool open = route.scope == Scope::kPublic;
        const auto needs = [&](Scope least) { return route.scope <= least ? kPassed : 403; };
        EXPECT_EQ(ask(route, {}), open ? kPassed : 401);
        EXPECT_EQ(ask(route, {bearer("hearth_" + std::string(64, '0'))}), open ? kPassed : 401);
        EXPECT_EQ(ask(route, {bearer(expired_)}), open ? kPassed : 401);
        EXPECT_EQ(ask(route, {bearer(read_)}), needs(Scope::kRead));
        EXPECT_EQ(ask(route, {bearer(write_)}), needs(Scope::kWrite));
        EXPECT_EQ(ask(route, {bearer(admin_)}), kPassed);
        EXPECT_EQ(ask(route, {{"x-api-key", admin_}}), kPassed);
        const bool changes = route.method != Method::kGet;
        EXPECT_EQ(ask(route, {bearer(admin_), {"origin", "http://evil.example"}}), changes ? 403 : kPassed);
        EXPECT_EQ(ask(route, {bearer(admin_), {"host", "evil.example"}}), 421);
    }
}

TEST_F(AccessMatrix, ScopesAreWhatTheRoutesDo) {
    for (const Route& route : app_.routes()) {
        SCOPED_TRACE(std::string(method_name(route.method)) + " " + std::string(route.pattern));
        const bool changes = route.method == Method::kDelete || route.body == BodyKind::kFile;
        EXPECT_TRUE(!changes || route.scope >= Scope::kWrite);
        EXPECT_TRUE(!route.pattern.starts_with("/v1/") || route.scope != Scope::kPublic);
    }
}

TEST_F(AccessMatrix, RevokedKeysAndAnUnreadableFileLetNobodyIn) {
    const Route& chat = app_.routes().front();
    const std::string path = keys_path(home_.path());
    const std::vector<ApiKey> keys = load_keys(path).value();
    ASSERT_EQ(keys.at(2).name, "admin");
    ASSERT_TRUE(revoke_key(path, keys.at(2).id).ok());
    EXPECT_EQ(ask(chat, {bearer(admin_)}), 401);
    EXPECT_EQ(ask(chat, {bearer(read_)}), kPassed);
    ASSERT_TRUE(atomic_write_file(path, "{").ok());
    EXPECT_EQ(ask(chat, {bearer(read_)}), 401);
    EXPECT_EQ(ask(chat, {}), 401);
}

TEST(Keys, AreKeptAsHashesOnly) {
    const test::TempDir home;
    const std::string path = keys_path(home.path());
    const NewKey made = add_key(path, "ci", "read", 5).value();
    EXPECT_EQ(made.secret.size(), 7u + 64u);
    EXPECT_EQ(read_file(path, 1 << 20).value().find(made.secret), std::string::npos);
    ASSERT_EQ(load_keys(path).value().size(), 1u);
    EXPECT_EQ(load_keys(path).value()[0].scope, "read");
    KeyFile file(path);
    EXPECT_TRUE(file.find(made.secret, 4));
    EXPECT_FALSE(file.find(made.secret, 5));
    EXPECT_EQ(revoke_key(path, "none").error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(revoke_key(path, made.key.id).ok());
    EXPECT_FALSE(file.required());
    EXPECT_EQ(add_key(path, "", "read", 0).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(add_key(path, "x", "root", 0).error().code, ErrorCode::kInvalidArgument);
}

TEST(Keys, OffTheLoopbackAKeyIsNeeded) {
    const test::TempDir home;
    ServerOptions options;
    options.address = "0.0.0.0";
    options.port = 0;
    options.state_directory = home.path();
    EXPECT_EQ(Server::start(options).error().code, ErrorCode::kInvalidArgument);
    const NewKey made = add_key(keys_path(home.path()), "x", "admin", 0).value();
    EXPECT_TRUE(Server::start(options).ok());
    App app(options);  // the last key is revoked while it runs
    ASSERT_TRUE(revoke_key(keys_path(home.path()), made.key.id).ok());
    Request request;
    request.path = "/v1/status";
    request.headers = {{"host", "127.0.0.1"}};
    EXPECT_EQ(app.plan(request).refusal->status, 401);
}

}  // namespace
}  // namespace hearth::web
