// The audit log: what gets into it, what a reader sees, and how it stays small.
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>

#include "core/file.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"
#include "web/keys.h"

namespace hearth::web {
namespace {

using nlohmann::json;

Route changing_route() {
    return {Method::kDelete, "/v1/files/{}", Lane::kShort, BodyKind::kNone, Scope::kWrite, nullptr};
}

Request request_for(const std::string& path) {
    Request out;
    out.path = path;
    return out;
}

class Audit : public testing::Test {
  protected:
    Audit() : app_(options()) { app_.set_services(house_.services()); }

    ServerOptions options() const {
        ServerOptions out;
        out.inbox_directory = inbox_.path();
        out.state_directory = home_.path();
        return out;
    }
    test::CapturingWriter ask(Method method, const std::string& path, const std::string& key = {}) {
        Request request;
        request.method = method;
        EXPECT_TRUE(parse_target(path, request).ok());
        request.peer = "192.0.2.7";
        if (!key.empty()) request.headers.push_back({"authorization", "Bearer " + key});
        test::CapturingWriter writer;
        test::call(app_, request, writer);
        return writer;
    }

    test::TempDir home_;
    test::TempDir inbox_;
    test::FakeHouse house_;
    App app_;
};

TEST_F(Audit, TellsWhoChangedWhatTheNewestFirst) {
    ask(Method::kPost, "/v1/ingest/pause");
    const NewKey admin = add_key(keys_path(home_.path()), "ops", "admin", 0).value();
    const int gone = ask(Method::kDelete, "/v1/files/file-none", admin.secret).response.status;
    const json data = ask(Method::kGet, "/v1/audit", admin.secret).json()["data"];
    ASSERT_EQ(data.size(), 2u);
    EXPECT_EQ(data[0]["route"], "/v1/files/{}");
    EXPECT_EQ(data[0]["path"], "/v1/files/file-none");
    EXPECT_EQ(data[0]["method"], "DELETE");
    EXPECT_EQ(data[0]["status"], gone);
    EXPECT_EQ(data[0]["name"], "ops");
    EXPECT_EQ(data[0]["key"], admin.key.id);
    EXPECT_EQ(data[0]["peer"], "192.0.2.7");
    EXPECT_EQ(data[0]["request"], "req_test");
    EXPECT_EQ(data[1]["route"], "/v1/ingest/pause");
    EXPECT_EQ(data[1]["name"], "");
    EXPECT_EQ(ask(Method::kGet, "/v1/audit?limit=1", admin.secret).json()["data"].size(), 1u);
    const std::string kept = read_file(audit_path(home_.path()), 1 << 20).value();
    EXPECT_EQ(kept.find(admin.secret), std::string::npos);
}

TEST_F(Audit, QuestionsAndRefusedCallersLeaveNothing) {
    ask(Method::kGet, "/v1/status");
    const NewKey reader = add_key(keys_path(home_.path()), "reader", "read", 0).value();
    EXPECT_EQ(ask(Method::kPost, "/v1/ingest/pause", reader.secret).response.status, 403);
    EXPECT_EQ(ask(Method::kGet, "/v1/audit", reader.secret).response.status, 403);
    EXPECT_FALSE(std::filesystem::exists(audit_path(home_.path())));
}

TEST_F(Audit, WrongParametersAreRefused) {
    for (const char* target : {"/v1/audit?limit=0", "/v1/audit?limit=10001", "/v1/audit?limit=x", "/v1/audit?who=x"}) {
        EXPECT_EQ(ask(Method::kGet, target).response.status, 400) << target;
    }
}

TEST_F(Audit, NoChangingRouteRunsWhereNothingMayBlock) {
    int audited = 0;
    for (const Route& route : app_.routes()) {
        if (!is_audited(route)) continue;
        ++audited;
        EXPECT_NE(route.lane, Lane::kInline) << route.pattern;
    }
    EXPECT_GT(audited, 10);
}

TEST(AuditLog, StaysWithinTwoFilesAndKeepsTheNewest) {
    const test::TempDir home;
    constexpr std::size_t kBytes = 2000;
    AuditLog log(home.path(), kBytes);
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(log.record(changing_route(), request_for("/" + std::to_string(i)), 200, i).ok());
    }
    EXPECT_LE(std::filesystem::file_size(audit_path(home.path())), kBytes);
    EXPECT_LE(std::filesystem::file_size(audit_path(home.path()) + ".1"), kBytes);
    const auto entries = log.recent(1000).value();
    ASSERT_GT(entries.size(), kBytes / 300);
    for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i]["time"], 99 - static_cast<int>(i));
}

TEST(AuditLog, ATornLineCostsItselfOnly) {
    const test::TempDir home;
    AuditLog log(home.path());
    ASSERT_TRUE(log.record(changing_route(), request_for("/1"), 200, 1).ok());
    const std::string whole = read_file(audit_path(home.path()), 1 << 20).value();
    ASSERT_TRUE(atomic_write_file(audit_path(home.path()), whole + whole.substr(0, whole.size() / 2)).ok());
    ASSERT_TRUE(log.record(changing_route(), request_for("/2"), 200, 2).ok());
    const auto entries = log.recent(10).value();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0]["time"], 2);
    EXPECT_EQ(entries[1]["time"], 1);
}

TEST(AuditLog, PathsAreCutAndAlwaysUtf8) {
    const test::TempDir home;
    AuditLog log(home.path());
    ASSERT_TRUE(log.record(changing_route(), request_for("/\xff\n" + std::string(5000, 'x')), 200, 1).ok());
    const std::string path = log.recent(1).value().at(0)["path"];
    EXPECT_TRUE(path.starts_with("/\xEF\xBF\xBD\n"));
    EXPECT_LE(path.size(), AuditLog::kMaxPathBytes + 2);
}

}  // namespace
}  // namespace hearth::web
