// Ollama's routes, legacy completions, tokens and rerank over fakes.
#include <gtest/gtest.h>

#include "tests/support/route_fixture.h"

namespace hearth::web {
namespace {

using nlohmann::json;

const char* const kModel = "fake-0.5b-q4";
const char* const kText = "Plain words from the engine é.";

class Dialects : public test::RouteFixture {
  protected:
    test::CapturingWriter ollama_chat(const json& extra) {
        json body{{"model", kModel}, {"messages", json::parse(R"([{"role":"user","content":"How fast?"}])")}};
        body.update(extra);
        return post("/api/chat", body);
    }
    test::CapturingWriter completions(const json& extra) {
        json body{{"model", kModel}, {"prompt", "Once"}};
        body.update(extra);
        return post("/v1/completions", body);
    }
    static std::vector<json> lines_of(const test::CapturingWriter& writer) {
        std::vector<json> out;
        for (std::size_t at = 0; at < writer.stream.size();) {
            const std::size_t end = writer.stream.find('\n', at);
            out.push_back(json::parse(writer.stream.substr(at, end - at)));
            at = end + 1;
        }
        return out;
    }
};

TEST_F(Dialects, OllamaStreamsLinesByDefault) {
    const auto reply = ollama_chat(json::object());
    EXPECT_TRUE(reply.ndjson);
    const auto lines = lines_of(reply);
    std::string text;
    for (const json& line : lines) text += line["message"]["content"];
    EXPECT_EQ(text, kText);
    EXPECT_EQ(lines.front()["done"], false);
    EXPECT_EQ(lines.back()["done"], true);
    EXPECT_EQ(lines.back()["done_reason"], "stop");
    EXPECT_EQ(lines.back()["eval_count"], 5);
    const json whole = ollama_chat({{"stream", false}}).json();
    EXPECT_EQ(whole["message"]["content"], kText);
    EXPECT_EQ(whole["done"], true);
}

TEST_F(Dialects, OllamaOptionsReachTheEngine) {
    ollama_chat(json::parse(R"({"format":"json","keep_alive":"5m","model":"fake-0.5b-q4:latest","options":{
        "temperature":0.5,"top_k":3,"num_predict":2,"repeat_penalty":1.5,"seed":7,"stop":["x"],"num_ctx":99}})"));
    const llm::GenerateRequest seen = house_.model.last();
    EXPECT_EQ(seen.sampling.top_k, 3);
    EXPECT_EQ(seen.max_tokens, 2);
    EXPECT_FLOAT_EQ(seen.sampling.repetition_penalty, 1.5f);
    EXPECT_EQ(seen.sampling.seed, 7u);
    EXPECT_EQ(seen.json_schema, "{}");
    EXPECT_EQ(ollama_chat(json::parse(R"({"options":{"num_predict":2},"stream":false})")).json()["done_reason"],
              "length");
}

TEST_F(Dialects, OllamaThinksWhenAsked) {
    std::string thought;
    for (const json& line : lines_of(ollama_chat({{"think", true}}))) thought += line["message"].value("thinking", "");
    EXPECT_EQ(thought, "Let me see.");
    EXPECT_EQ(ollama_chat({{"think", "high"}, {"stream", false}}).json()["message"]["thinking"], "Let me see.");
    EXPECT_FALSE(ollama_chat({{"think", false}, {"stream", false}}).json()["message"].contains("thinking"));
    EXPECT_EQ(ollama_chat({{"think", 3}}).response.status, 400);
}

TEST_F(Dialects, OllamaToolsAreObjectsBothWays) {
    const json tool = json::parse(R"({"type":"function","function":{"name":"weather"}})");
    const auto lines = lines_of(ollama_chat({{"tools", json::array({tool})}}));
    EXPECT_EQ(lines[0]["message"]["tool_calls"][0]["function"]["arguments"], (json{{"city", "Oslo"}}));
    const json turns = json::parse(R"([{"role":"user","content":"x"},
        {"role":"assistant","content":"","tool_calls":[{"function":{"name":"weather","arguments":{"city":"Oslo"}}}]},
        {"role":"tool","tool_name":"weather","content":"rain"}])");
    ollama_chat({{"messages", turns}});
    const auto seen = house_.model.last().messages;
    EXPECT_EQ(seen.at(1).tool_calls.at(0).arguments, R"({"city":"Oslo"})");
    EXPECT_EQ(seen.at(2).tool_call_id, seen.at(1).tool_calls.at(0).id);
}

TEST_F(Dialects, OllamaGenerates) {
    const json body{{"model", kModel}, {"prompt", "Once"}, {"system", "Brief."}, {"stream", false}};
    EXPECT_EQ(post("/api/generate", body).json()["response"], kText);
    EXPECT_EQ(house_.model.last().messages.at(0).content, "Brief.");
    json raw = body;
    raw["raw"] = true;
    post("/api/generate", raw);
    EXPECT_EQ(house_.model.last().prompt_tokens.size(), 4u);
    EXPECT_EQ(post("/api/generate", {{"model", kModel}, {"stream", false}}).json()["done_reason"], "load");
}

TEST_F(Dialects, OllamaErrorsAreTexts) {
    EXPECT_EQ(ollama_chat({{"model", "llama3"}}).response.status, 404);
    EXPECT_TRUE(ollama_chat({{"model", "llama3"}}).json()["error"].is_string());
    EXPECT_EQ(post("/api/generate", {{"model", kModel}, {"prompt", "x"}, {"suffix", "y"}}).response.status, 400);
    EXPECT_EQ(post("/api/pull", {{"model", "x"}}).response.status, 404);
    house_.agent.script = [](const auto&, const auto& sink, const auto&) -> Result<agents::Answer> {
        sink(agents::DeltaEvent{"half"});
        return Error(ErrorCode::kInternal, "the engine failed");
    };
    EXPECT_EQ(lines_of(ollama_chat({{"model", "hearth"}})).back(), (json{{"error", "the engine failed"}}));
}

TEST_F(Dialects, OllamaModelsAndEmbeddings) {
    const json models = get("/api/tags").json()["models"];
    ASSERT_EQ(models.size(), 3u);
    EXPECT_EQ(models[1]["name"], kModel);
    EXPECT_EQ(post("/api/show", {{"model", kModel}}).json()["model_info"]["fake.context_length"], 8192);
    EXPECT_EQ(get("/api/ps").json()["models"][0]["size_vram"], 0);
    EXPECT_EQ(get("/api/version").json()["version"], "1.2.3");
    const json both = post("/api/embed", {{"model", "fake-embedder"}, {"input", {"a", "bc"}}}).json();
    EXPECT_EQ(both["embeddings"].size(), 2u);
    EXPECT_EQ(post("/api/embeddings", {{"model", "fake-embedder"}, {"prompt", "a"}}).json()["embedding"],
              both["embeddings"][0]);
    const json longer{{"model", "fake-embedder"}, {"input", std::string(4 * 300, 'x')}, {"truncate", false}};
    EXPECT_EQ(post("/api/embed", longer).response.status, 400);
}

TEST_F(Dialects, CompletionsTakeEveryKindOfPrompt) {
    EXPECT_EQ(completions(json::object()).json()["choices"][0]["text"], kText);
    EXPECT_EQ(house_.model.last().prompt_tokens, (std::vector<int>{'O', 'n', 'c', 'e'}));
    EXPECT_EQ(house_.model.last().max_tokens, 16);
    completions({{"prompt", {7, 8}}});
    EXPECT_EQ(house_.model.last().prompt_tokens, (std::vector<int>{7, 8}));
    const json many = completions({{"prompt", {"A", "B"}}, {"n", 2}, {"echo", true}}).json();
    ASSERT_EQ(many["choices"].size(), 4u);
    EXPECT_EQ(many["choices"][1]["text"], std::string("A") + kText);
    EXPECT_EQ(many["choices"][2]["text"], std::string("B") + kText);
    EXPECT_EQ(many["usage"]["completion_tokens"], 20);
}

TEST_F(Dialects, CompletionsHaveTheOldLogprobs) {
    const json logprobs = completions({{"logprobs", 1}}).json()["choices"][0]["logprobs"];
    EXPECT_EQ(logprobs["tokens"][1], "words ");
    EXPECT_EQ(logprobs["text_offset"], (json{0, 6, 12, 17, 21}));
    EXPECT_EQ(logprobs["token_logprobs"][0], -0.5);
    EXPECT_EQ(logprobs["top_logprobs"][0], (json{{"alt", -1.0}}));
}

TEST_F(Dialects, CompletionsStream) {
    auto events = completions({{"stream", true}, {"stream_options", {{"include_usage", true}}}}).events();
    EXPECT_EQ(events.back(), "[DONE]");
    events.pop_back();
    EXPECT_EQ(json::parse(events.back())["usage"]["completion_tokens"], 5);
    events.pop_back();
    std::string text;
    for (const std::string& event : events) text += json::parse(event)["choices"][0]["text"];
    EXPECT_EQ(text, kText);
}

TEST_F(Dialects, CompletionsRefuseByName) {
    const std::vector<std::pair<json, std::string>> cases{
        {json::object({{"suffix", "x"}}), "suffix"},
        {json::object({{"best_of", 3}}), "best_of"},
        {json::object({{"prompt", nullptr}}), "prompt"},
        {json::object({{"prompt", json::array({-1})}}), "prompt"},
        {json::object({{"prompt", ""}}), "prompt"},
        {json::object({{"echo", true}, {"logprobs", 1}}), "echo"},
        {json::object({{"n", 128}, {"prompt", {"A", "B"}}}), "n"},
    };
    for (const auto& [extra, param] : cases) {
        const auto reply = completions(extra);
        EXPECT_EQ(reply.response.status, 400) << extra;
        EXPECT_EQ(reply.json()["error"]["param"], param) << extra;
    }
}

TEST_F(Dialects, TokensThereAndBack) {
    EXPECT_EQ(post("/tokenize", {{"content", "Hi"}}).json(), (json{{"tokens", {'H', 'i'}}}));
    const json pieces = post("/tokenize", {{"content", "Hi"}, {"with_pieces", true}}).json()["tokens"];
    EXPECT_EQ(pieces, json::parse(R"([{"id":72,"piece":"H"},{"id":105,"piece":"i"}])"));
    EXPECT_EQ(post("/detokenize", {{"tokens", {72, 105}}}).json(), (json{{"content", "Hi"}}));
    EXPECT_EQ(post("/detokenize", {{"tokens", {999}}}).response.status, 400);
    EXPECT_EQ(post("/detokenize", {{"tokens", {"x"}}}).response.status, 400);
    const json turns = json::parse(R"([{"role":"user","content":"Hi"}])");
    EXPECT_EQ(post("/apply-template", {{"messages", turns}}).json(), (json{{"prompt", "<m>Hi"}}));
}

TEST_F(Dialects, RerankSortsByCosine) {
    const json body{{"query", "four"},
                    {"documents", {"a very long text that is far", "five5", json{{"text", "4444"}}}}};
    for (const char* path : {"/rerank", "/v1/rerank", "/v2/rerank"}) {
        const json results = post(path, body).json()["results"];
        ASSERT_EQ(results.size(), 3u);
        EXPECT_EQ(results[0]["index"], 2);
        EXPECT_NEAR(results[0]["relevance_score"].get<double>(), 1, 1e-6);
        EXPECT_EQ(results[2]["index"], 0);
    }
    json wanted = body;
    wanted["top_n"] = 1;
    wanted["return_documents"] = true;
    EXPECT_EQ(post("/rerank", wanted).json()["results"][0]["document"], (json{{"text", "4444"}}));
    EXPECT_EQ(post("/v2/rerank", {{"query", "x"}, {"documents", json::array()}}).response.status, 400);
    EXPECT_TRUE(post("/v2/rerank", {{"query", "x"}, {"model", "none"}}).json()["message"].is_string());
}

TEST_F(Dialects, RerankIsTheCrossEncodersWhereThereIsOne) {
    test::ScriptedReranker reranker;
    web::Services services = house_.services();
    services.reranker = &reranker;
    app_.set_services(services);
    json body{{"query", "four"}, {"documents", {"five5", "4444", "a very long text"}}};
    for (const char* name : {"", "hearth", "fake-reranker"}) {
        if (*name != 0) body["model"] = name;
        const json reply = post("/v2/rerank", body).json();
        EXPECT_EQ(reply["model"], "fake-reranker");
        ASSERT_EQ(reply["results"].size(), 3u);
        EXPECT_EQ(reply["results"][0]["index"], 1);
        EXPECT_NEAR(reply["results"][0]["relevance_score"].get<double>(), 1 / (1 + std::exp(-4.0)), 1e-6);
        EXPECT_NEAR(reply["results"][2]["relevance_score"].get<double>(), 1 / (1 + std::exp(8.0)), 1e-6);
        EXPECT_EQ(reply["usage"]["total_tokens"], 2 + 2 + 5);
    }
    body["model"] = "fake-embedder";
    EXPECT_EQ(post("/v2/rerank", body).json()["model"], "fake-embedder");
    body["model"] = "none";
    const json refused = post("/v1/rerank", body).json();
    EXPECT_NE(refused.dump().find("'fake-reranker' or 'fake-embedder'"), std::string::npos) << refused;
    EXPECT_EQ(get("/v1/status").json()["reranker"]["id"], "fake-reranker");
}

}  // namespace
}  // namespace hearth::web
