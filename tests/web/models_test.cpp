// Requests that name one of several models: real engines over tiny weights beside the scripted default one.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/route_fixture.h"
#include "tests/support/tiny_adapter.h"
#include "tests/support/tiny_model.h"
#include "web/ollama/keep_alive.h"

namespace hearth::web {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class ModelsTest : public test::RouteFixture {
  protected:
    ModelsTest() {
        write("alpha", test::tiny_model({.seed = 2, .context = 1024}));
        write("beta", test::tiny_model({.seed = 3, .context = 1024}));
        write("large", test::tiny_model({.layers = 8, .context = 8192}));
        write("broken", "no model");
        std::ofstream(adapters_.path("red.gguf"), std::ios::binary) << test::tiny_adapter();
        std::ofstream(adapters_.path("wide.gguf"), std::ios::binary) << test::tiny_adapter({.width = 48});
        llm::ModelPoolOptions options{.directory = models_.path()};
        options.engine.adapters_directory = adapters_.path();
        options.engine.reference = true;
        pool_.emplace(options, house_.model, ledger_);
        Services services = house_.services();
        services.models = &*pool_;
        app_.set_services(services);
    }

    void write(const std::string& id, const std::string& bytes) const {
        std::ofstream(models_.path(id + ".gguf"), std::ios::binary) << bytes;
    }
    static json body(const std::string& model) {
        return {{"model", model},
                {"messages", json::array({{{"role", "user"}, {"content", "hello"}}})},
                {"max_tokens", 8},
                {"logit_bias", {{"257", -100}}},
                {"hearth", {{"retrieval", false}}}};
    }
    json state(const std::string& id) { return get("/v1/models/" + id).json()["hearth"]; }

    test::TempDir models_, adapters_;
    MemoryLedger ledger_{16u << 20};
    std::optional<llm::ModelPool> pool_;
};

TEST_F(ModelsTest, ListsWhatCanChatWithItsState) {
    const json list = get("/v1/models").json()["data"];
    std::vector<std::string> ids;
    for (const json& model : list) ids.push_back(model["id"]);
    EXPECT_EQ(ids, (std::vector<std::string>{"hearth", "fake-0.5b-q4", "alpha", "beta", "broken", "large"}));
    EXPECT_EQ(list[1]["hearth"]["state"], "loaded");
    EXPECT_EQ(list[1]["hearth"]["default"], true);
    EXPECT_EQ(list[2]["hearth"]["state"], "unloaded");
    EXPECT_EQ(list[2]["hearth"]["context_tokens"], nullptr);
}

TEST_F(ModelsTest, ARequestLoadsTheModelItNames) {
    const json reply = post("/v1/chat/completions", body("alpha")).json();
    EXPECT_EQ(reply["usage"]["completion_tokens"], 8) << reply.dump();
    EXPECT_EQ(reply["model"], "alpha");
    EXPECT_EQ(house_.model.words_said, 0);
    EXPECT_EQ(state("alpha")["state"], "loaded");
    EXPECT_EQ(state("alpha")["in_use"], 0);
    EXPECT_EQ(state("alpha")["context_tokens"], 1024);
    EXPECT_TRUE(state("alpha")["expires_at"].is_string());
    EXPECT_EQ(state("beta")["state"], "unloaded");
}

TEST_F(ModelsTest, AnAnswerFromDocumentsIsWordedByTheModelThatIsNamed) {
    std::string worded_by;
    const auto script = house_.agent.script;
    house_.agent.script = [&](const auto& request, const auto& sink, const auto& cancel) {
        worded_by = request.model == nullptr ? "" : request.model->info().id;
        return script(request, sink, cancel);
    };
    EXPECT_EQ(chat({{"model", "beta"}}).response.status, 200);
    EXPECT_EQ(worded_by, "beta");
    EXPECT_EQ(chat({}).response.status, 200);
    EXPECT_EQ(worded_by, "fake-0.5b-q4");
}

TEST_F(ModelsTest, OtherRoutesTakeTheNamedModelsTokenizer) {
    const json alpha = post("/tokenize", {{"content", "hi"}, {"model", "alpha"}}).json();
    EXPECT_EQ(alpha["tokens"], json::array({'h', 'i'})) << alpha.dump();
    const json completion = post("/v1/completions", {{"model", "alpha"}, {"prompt", "ab"}, {"max_tokens", 1}}).json();
    EXPECT_EQ(completion["usage"]["prompt_tokens"], 2) << completion.dump();
    EXPECT_EQ(post("/tokenize", {{"content", "hi"}, {"model", "none"}}).response.status, 404);
    EXPECT_EQ(post("/v1/completions", {{"model", "none"}, {"prompt", "ab"}}).response.status, 404);
    EXPECT_EQ(post("/v1/responses", {{"model", "none"}, {"input", "ab"}}).response.status, 404);
    json counted = body("alpha");
    counted.erase("logit_bias");
    EXPECT_GT(post("/v1/messages/count_tokens", counted).json()["input_tokens"], 5);
}

TEST_F(ModelsTest, WhatCannotBeLoadedSaysWhy) {
    const auto broken = post("/v1/chat/completions", body("broken"));
    EXPECT_EQ(broken.response.status, 500);
    EXPECT_NE(broken.response.body.find("broken.gguf"), std::string::npos) << broken.response.body;
    EXPECT_TRUE(state("broken")["problem"].is_string());
    const auto large = post("/v1/chat/completions", body("large"));
    EXPECT_EQ(large.response.status, 400) << "trying again would not help";
    EXPECT_NE(large.response.body.find("memory.budget_mib"), std::string::npos) << large.response.body;
    const auto absent = post("/v1/chat/completions", body("absent"));
    EXPECT_EQ(absent.response.status, 404);
    EXPECT_EQ(absent.json()["error"]["code"], "model_not_found");
}

TEST_F(ModelsTest, ANameMayHaveAnAdapter) {
    EXPECT_EQ(get("/v1/models").json()["hearth"]["adapters"], json::array({"red", "wide"}));
    const auto text = [&](const json& wanted) {
        const json reply = post("/v1/chat/completions", wanted).json();
        EXPECT_TRUE(reply.contains("choices")) << reply.dump();
        return reply["choices"][0]["message"]["content"].get<std::string>();
    };
    const std::string plain = text(body("alpha")), red = text(body("alpha:red"));
    EXPECT_NE(plain, red);
    json by_field = body("alpha");
    by_field["hearth"]["adapter"] = "red";
    EXPECT_EQ(text(by_field), red);
    EXPECT_EQ(text(body("alpha")), plain);
    const auto wide = post("/v1/chat/completions", body("alpha:wide"));
    EXPECT_EQ(wide.response.status, 400);
    EXPECT_NE(wide.response.body.find("blk.0.attn_q.weight.lora_a"), std::string::npos) << wide.response.body;
    for (const char* absent : {"alpha:green", "absent:red", "alpha:", "alpha:../red", "alpha:red:red"}) {
        EXPECT_EQ(post("/v1/chat/completions", body(absent)).response.status, 404) << absent;
    }
}

TEST_F(ModelsTest, LoadAndUnloadByHand) {
    EXPECT_EQ(post("/v1/models/alpha/load", {}).json()["hearth"]["state"], "loaded");
    EXPECT_EQ(post("/v1/models/alpha/unload", {}).json()["hearth"]["state"], "unloaded");
    EXPECT_EQ(post("/v1/models/absent/load", {}).response.status, 404);
    EXPECT_EQ(post("/v1/models/absent/unload", {}).response.status, 404);
    EXPECT_EQ(post("/v1/models/fake-0.5b-q4/load", {}).response.status, 200);
    EXPECT_EQ(post("/v1/models/fake-0.5b-q4/unload", {}).response.status, 400);
    const auto held = pool_->use("alpha", {});
    ASSERT_TRUE(held.ok());
    EXPECT_EQ(post("/v1/models/alpha/unload", {}).response.status, 409);
}

TEST_F(ModelsTest, OllamasClientsLoadAndUnload) {
    const auto running = [&] {
        std::vector<std::string> names;
        const json list = get("/api/ps").json();
        for (const json& model : list["models"]) names.push_back(model["name"]);
        return names;
    };
    const auto load = [&](const json& keep) {
        return post("/api/generate", {{"model", "alpha:latest"}, {"stream", false}, {"keep_alive", keep}}).json();
    };
    const std::vector<std::string> without{"hearth", "fake-0.5b-q4", "fake-embedder"};
    const std::vector<std::string> with{"hearth", "fake-0.5b-q4", "alpha", "fake-embedder"};
    EXPECT_EQ(running(), without);
    EXPECT_EQ(load("10m")["done_reason"], "load");
    EXPECT_EQ(running(), with);
    EXPECT_NE(get("/api/ps").json()["models"][2]["expires_at"], "9999-12-31T23:59:59Z");
    EXPECT_EQ(load(-1)["done_reason"], "load");
    EXPECT_EQ(get("/api/ps").json()["models"][2]["name"], "alpha");
    EXPECT_EQ(get("/api/ps").json()["models"][2]["expires_at"], "9999-12-31T23:59:59Z");
    EXPECT_EQ(load(0)["done_reason"], "unload");
    EXPECT_EQ(running(), without);
    EXPECT_TRUE(load("soon").contains("error"));
    EXPECT_EQ(get("/api/tags").json()["models"].size(), 7u);
}

TEST(KeepAlive, ReadsGoDurations) {
    EXPECT_EQ(parse_duration("5m"), 300s);
    EXPECT_EQ(parse_duration("1h30m"), 5400s);
    EXPECT_EQ(parse_duration("1.5h"), 5400s);
    EXPECT_EQ(parse_duration("300"), 300s);
    EXPECT_EQ(parse_duration("1ms"), 1s) << "rounded up";
    EXPECT_EQ(parse_duration("0"), 0s);
    EXPECT_EQ(parse_duration("-1m"), -1s);
    EXPECT_EQ(parse_duration("-1"), -1s);
    EXPECT_EQ(parse_duration("10µs"), 1s);
    for (const char* wrong : {"", "-", "m", "5 m", "5x", "1h30", "1e3s", "1..2s", "nan", "--5s", "99999999999h"}) {
        EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
    }
}

}  // namespace
}  // namespace hearth::web
