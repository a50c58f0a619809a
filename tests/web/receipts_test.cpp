// Receipts: what an answer was made of, and whether it comes out the same again.
#include <gtest/gtest.h>

#include "core/hash.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;

class Receipts : public testing::Test {
  protected:
    Receipts() : app_(options()) { app_.set_services(house_.services()); }

    ServerOptions options() const {
        ServerOptions out;
        out.state_directory = state_.path();
        out.version = "1.2.3";
        return out;
    }
    json post(const std::string& target, const json& body) {
        return call(app_, Method::kPost, target, body.dump()).json();
    }
    json ask(const json& extra = json::object()) {
        json body{{"model", "hearth"}, {"messages", json::array({{{"role", "user"}, {"content", "How fast?"}}})}};
        body.update(extra);
        return post("/v1/chat/completions", body);
    }
    json receipt(const json& answer) {
        return call(app_, Method::kGet, "/v1/answers/" + answer["id"].get<std::string>() + "/receipt").json();
    }
    json replay(const json& answer) {
        return post("/v1/answers/" + answer["id"].get<std::string>() + "/replay", json::object());
    }

    test::TempDir state_;
    test::FakeHouse house_;
    App app_;
};

TEST_F(Receipts, ChatAndResponsesKeepOneEach) {
    const json answer = ask();
    const json kept = receipt(answer);
    const std::string text = answer["choices"][0]["message"]["content"];
    EXPECT_EQ(kept["text"], text);
    EXPECT_EQ(kept["text_sha256"], sha256_hex(std::string_view(text)));
    EXPECT_EQ(kept["engine"]["model"], "fake-0.5b-q4");
    EXPECT_EQ(kept["engine"]["version"], "1.2.3");
    EXPECT_TRUE(kept["documents"].contains("doc-kiln"));
    EXPECT_EQ(kept["sources"], answer["hearth"]["sources"]);
    const json response = post("/v1/responses", {{"model", "hearth"}, {"input", "How fast?"}});
    EXPECT_EQ(receipt(response)["text"], text);
    EXPECT_EQ(call(app_, Method::kGet, "/v1/answers/none/receipt").response.status, 404);
}

TEST_F(Receipts, SampledAnswersGetASeed) {
    EXPECT_TRUE(receipt(ask())["request"]["seed"].is_null());
    EXPECT_TRUE(receipt(ask({{"temperature", 1}}))["request"]["seed"].is_number());
    EXPECT_EQ(receipt(ask({{"temperature", 1}, {"seed", 7}}))["request"]["seed"], 7);
}

TEST_F(Receipts, ReplayReproducesAndAsksTheSame) {
    const json answer = ask({{"temperature", 0.5},
                             {"top_p", 0.25},
                             {"seed", 7},
                             {"logit_bias", {{"3", 1.5}}},
                             {"hearth", {{"collection", "manuals"}}}});
    agents::AskRequest again;
    const auto script = house_.agent.script;
    house_.agent.script = [&](const auto& request, const auto& sink, const auto& cancel) {
        again = request;
        return script(request, sink, cancel);
    };
    const json out = replay(answer);
    EXPECT_EQ(out["reproduced"], true) << out;
    EXPECT_EQ(out["changes"], json::array());
    EXPECT_EQ(again.messages.at(0).content, "How fast?");
    EXPECT_EQ(again.collection, "manuals");
    EXPECT_FLOAT_EQ(again.sampling.temperature, 0.5f);
    EXPECT_FLOAT_EQ(again.sampling.top_p, 0.25f);
    EXPECT_EQ(again.sampling.seed, 7u);
    EXPECT_FLOAT_EQ(again.sampling.logit_bias.at(3), 1.5f);
}

TEST_F(Receipts, ReplaySaysWhatChanged) {
    const json answer = ask();
    house_.corpus.erase("doc-lease");
    house_.agent.script = [](const auto&, const auto&, const auto&) -> Result<agents::Answer> {
        agents::Answer other;
        other.text = "Something else.";
        return other;
    };
    const json out = replay(answer);
    EXPECT_EQ(out["reproduced"], false);
    EXPECT_EQ(out["replayed_text"], "Something else.");
    ASSERT_EQ(out["changes"].size(), 1u) << out;
    EXPECT_EQ(out["changes"][0]["what"], "document contracts/lease 2024.pdf");
    EXPECT_TRUE(out["changes"][0]["after"].is_null());
}

}  // namespace
}  // namespace hearth::web
