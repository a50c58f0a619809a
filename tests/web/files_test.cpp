// /v1/files and /v1/vector_stores over fakes and a real inbox.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/file.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;
using test::CapturingWriter;

class Files : public testing::Test {
  protected:
    Files() : app_(options()) { app_.set_services(house_.services()); }

    ServerOptions options() const {
        ServerOptions out;
        out.inbox_directory = inbox_.path();
        out.state_directory = state_.path();
        return out;
    }
    CapturingWriter get(const std::string& target) { return call(app_, Method::kGet, target); }
    CapturingWriter post(const std::string& target, const json& body) {
        return call(app_, Method::kPost, target, body.dump());
    }
    CapturingWriter upload(const std::string& name, const std::string& content, const std::string& purpose) {
        Request request;
        request.method = Method::kPost;
        request.path = "/v1/files";
        request.headers.push_back({"content-type", "multipart/form-data; boundary=B"});
        const std::string form = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose +
                                 "\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
                                 "\"\r\n\r\n" + content + "\r\n--B--\r\n";
        auto file = UploadFile::create(inbox_.path());
        EXPECT_TRUE(file.ok() && file->append(form).ok());
        request.upload = std::make_shared<UploadFile>(std::move(*file));
        CapturingWriter writer;
        call(app_, request, writer);
        return writer;
    }

    test::TempDir inbox_;
    test::TempDir state_;
    test::FakeHouse house_;
    App app_;
};

TEST_F(Files, UploadListReadDelete) {
    const json file = upload("a.md", "# A", "assistants").json();
    EXPECT_EQ(file["status"], "uploaded") << file;
    EXPECT_EQ(house_.pipeline.rescans, 1);
    const std::string id = file["id"];
    EXPECT_EQ(get("/v1/files/" + id).json(), file);
    EXPECT_EQ(get("/v1/files/" + id + "/content").response.body, "# A");
    EXPECT_EQ(get("/v1/files").json()["data"].size(), 4u);
    EXPECT_EQ(get("/v1/files?limit=1").json()["data"].size(), 1u);
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/files/" + id).json()["deleted"], true);
    EXPECT_FALSE(std::filesystem::exists(inbox_.path("a.md")));
    EXPECT_EQ(get("/v1/files/" + id).response.status, 404);
}

TEST_F(Files, PagesEndAndContinue) {
    const json all = get("/v1/files?order=asc").json()["data"];
    ASSERT_EQ(all.size(), 3u);
    const json first = get("/v1/files?order=asc&limit=2").json();
    EXPECT_EQ(first["has_more"], true);
    const json rest = get("/v1/files?order=asc&limit=2&after=" + first["last_id"].get<std::string>()).json();
    EXPECT_EQ(rest["data"], json::array({all[2]}));
    EXPECT_EQ(rest["has_more"], false);
    for (const char* bad : {"limit=0", "limit=x", "limit=10001"}) {
        EXPECT_EQ(get(std::string("/v1/files?") + bad).response.status, 400) << bad;
    }
}

TEST_F(Files, DroppedFilesHaveStableIdsAndTheirState) {
    for (const json& file : get("/v1/files").json()["data"]) {
        EXPECT_EQ(get("/v1/files/" + file["id"].get<std::string>()).json(), file);
        EXPECT_EQ(file["status"], file["filename"] == "scans/receipt.pdf" ? "error" : "processed");
    }
}

TEST_F(Files, WrongUploadsAreNamed) {
    EXPECT_EQ(upload("a.md", "# A", "fun").json()["error"]["param"], "purpose");
    EXPECT_EQ(upload("", "# A", "assistants").json()["error"]["param"], "file");
    EXPECT_EQ(upload("a.md", "", "assistants").response.status, 400);
    EXPECT_EQ(upload(".hidden", "x", "assistants").response.status, 400);
}

TEST_F(Files, ContentNeverFollowsALink) {
    const test::TempDir outside;
    ASSERT_TRUE(atomic_write_file(outside.path("secret"), "secret").ok());
    const std::string id = upload("a.md", "# A", "assistants").json()["id"];
    std::filesystem::remove(inbox_.path("a.md"));
    std::filesystem::create_symlink(outside.path("secret"), inbox_.path("a.md"));
    EXPECT_EQ(get("/v1/files/" + id + "/content").response.status, 404);
}

TEST_F(Files, AStoreIsAFolderAndAFileKeepsItsIdInIt) {
    const std::string id = upload("a.md", "# A", "assistants").json()["id"];
    const json store = post("/v1/vector_stores", {{"name", "notes"}, {"file_ids", {id}}}).json();
    EXPECT_EQ(store["file_counts"]["in_progress"], 1) << store;
    EXPECT_EQ(store["status"], "in_progress");
    EXPECT_TRUE(std::filesystem::exists(inbox_.path("notes/a.md")));
    const std::string base = "/v1/vector_stores/" + store["id"].get<std::string>();
    EXPECT_EQ(get(base + "/files/" + id).json()["status"], "in_progress");
    EXPECT_EQ(get(base + "/files").json()["data"][0]["id"], id);
    EXPECT_EQ(get("/v1/files/" + id).json()["filename"], "notes/a.md");
    EXPECT_EQ(get("/v1/vector_stores/notes").json()["id"], store["id"]);
    EXPECT_EQ(call(app_, Method::kDelete, base).response.status, 409);
    EXPECT_EQ(call(app_, Method::kDelete, base + "/files/" + id).json()["deleted"], true);
    EXPECT_TRUE(std::filesystem::exists(inbox_.path("a.md")));
    EXPECT_EQ(call(app_, Method::kDelete, base).json()["deleted"], true);
    EXPECT_EQ(get(base).response.status, 404);
}

TEST_F(Files, AFileLiesInOneStore) {
    const std::string id = upload("a.md", "# A", "assistants").json()["id"];
    ASSERT_EQ(post("/v1/vector_stores", {{"name", "one"}, {"file_ids", {id}}}).response.status, 200);
    const json two = post("/v1/vector_stores", {{"name", "two"}}).json();
    const auto attached = post("/v1/vector_stores/two/files", {{"file_id", id}});
    EXPECT_EQ(attached.response.status, 409);
    EXPECT_EQ(post("/v1/vector_stores", {{"name", "two"}}).response.status, 409);
    for (const char* bad : {"../x", "a/b", ".x", ""}) {
        EXPECT_EQ(post("/v1/vector_stores", {{"name", bad}}).response.status, 400) << bad;
    }
}

TEST_F(Files, StatesOfTheRecordAreTheStatesOfTheStore) {
    std::filesystem::create_directory(inbox_.path("empty"));
    const json stores = get("/v1/vector_stores").json()["data"];
    EXPECT_EQ(stores.size(), 5u);  // manuals, contracts, scans of the record; default and empty of the disk
    const json scans = get("/v1/vector_stores/scans").json();
    EXPECT_EQ(scans["file_counts"]["failed"], 1);
    const json file = get("/v1/vector_stores/scans/files").json()["data"][0];
    EXPECT_EQ(file["last_error"]["code"], "invalid_file");
    EXPECT_EQ(get("/v1/vector_stores/scans/files?filter=completed").json()["data"], json::array());
}

TEST_F(Files, SearchFindsFiltersAndCuts) {
    const auto search = [&](json extra) {
        json body{{"query", "kiln"}};
        body.update(extra);
        return post("/v1/vector_stores/manuals/search", body);
    };
    const json page = search(json::object()).json();
    ASSERT_EQ(page["data"].size(), 3u) << page;
    EXPECT_EQ(house_.corpus.last_query().collection, "manuals");
    for (const json& hit : page["data"]) {
        EXPECT_GE(hit["score"], 0);
        EXPECT_LE(hit["score"], 1);
    }
    EXPECT_EQ(search({{"max_num_results", 1}}).json()["has_more"], true);
    const json pdf{{"type", "eq"}, {"key", "type"}, {"value", "pdf"}};
    EXPECT_EQ(search({{"filters", pdf}}).json()["data"].size(), 1u);
    const json not_pdf{{"type", "and"},
                       {"filters", json::array({{{"type", "nin"}, {"key", "type"}, {"value", {"pdf"}}}})}};
    EXPECT_EQ(search({{"filters", not_pdf}}).json()["data"].size(), 2u);
    EXPECT_EQ(search({{"query", {"kiln", "lease"}}}).json()["data"].size(), 3u);
    for (const json& bad :
         {json{{"query", ""}}, json{{"max_num_results", 51}}, json{{"filters", {{"type", "gt"}, {"key", "type"}}}},
          json{{"filters", {{"type", "eq"}, {"key", "size"}, {"value", "x"}}}},
          json{{"ranking_options", {{"score_threshold", 2}}}}}) {
        EXPECT_EQ(search(bad).response.status, 400) << bad;
    }
}

}  // namespace
}  // namespace hearth::web
