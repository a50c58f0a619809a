// Every route over a furnished house of fakes, without sockets.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"

namespace hearth::test {

class RouteFixture : public testing::Test {
  protected:
    RouteFixture() : app_(options()) { app_.set_services(house_.services()); }

    web::ServerOptions options() const {
        web::ServerOptions out;
        out.inbox_directory = inbox_.path();
        out.version = "1.2.3";
        return out;
    }
    CapturingWriter get(std::string_view target) { return call(app_, web::Method::kGet, target); }
    CapturingWriter post(std::string_view target, const nlohmann::json& body) {
        return call(app_, web::Method::kPost, target, body.dump());
    }
    CapturingWriter chat(const nlohmann::json& extra, const std::string& question = "How fast?") {
        nlohmann::json body{{"model", "hearth"},
                            {"messages", nlohmann::json::array({{{"role", "user"}, {"content", question}}})}};
        if (extra.is_object()) body.update(extra);
        return post("/v1/chat/completions", body);
    }
    CapturingWriter upload(std::string_view target, const std::string& bytes, const std::string& type = {}) {
        web::Request request;
        request.method = web::Method::kPost;
        EXPECT_TRUE(web::parse_target(target, request).ok());
        if (!type.empty()) request.headers.push_back({"content-type", type});
        auto file = web::UploadFile::create(inbox_.path());
        EXPECT_TRUE(file.ok() && file->append(bytes).ok());
        request.upload = std::make_shared<web::UploadFile>(std::move(*file));
        CapturingWriter writer;
        call(app_, request, writer);
        return writer;
    }

    TempDir inbox_;
    FakeHouse house_;
    web::App app_;
};

}  // namespace hearth::test
