// Every route over fakes, without sockets.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "tests/support/route_fixture.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;
using test::CapturingWriter;

class Routes : public test::RouteFixture {};

TEST_F(Routes, ChatAnswersFromDocumentsWithSources) {
    const json reply = chat({{"hearth", {{"collection", "manuals"}}}}).json();

    const json& message = reply["choices"][0]["message"];
    const std::string content = message["content"];
    EXPECT_EQ(reply["object"], "chat.completion");
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "stop");
    EXPECT_TRUE(message["refusal"].is_null() && reply["choices"][0]["logprobs"].is_null());
    EXPECT_EQ(reply["usage"]["total_tokens"], 321 + 12);
    EXPECT_EQ(reply["hearth"], message["hearth"]);
    EXPECT_EQ(reply["hearth"]["found"], true);
    const json& source = reply["hearth"]["sources"][0];
    EXPECT_EQ(source["document"]["path"], "manuals/kiln.md");
    EXPECT_EQ(source["quote"], "at most 120 °C per hour");
    EXPECT_TRUE(source["verified"] && source["cited"]);
    const std::string kiln = test::FakeHouse::kKiln;
    const std::size_t start = source["quote_span"]["start"];
    EXPECT_EQ(kiln.substr(start, source["quote_span"]["end"].get<std::size_t>() - start), source["quote"]);
}

TEST_F(Routes, AnnotationsCountCodePoints) {
    const json message = chat({}).json()["choices"][0]["message"];

    const json& citation = message["annotations"][0]["url_citation"];
    std::u32string points;
    const std::string content = message["content"];
    for (std::size_t at = 0; at < content.size();) {
        const auto decoded = decode_utf8(content, at);
        points.push_back(decoded.value);
        at += decoded.length;
    }
    const std::size_t start = citation["start_index"];
    EXPECT_EQ(points.substr(start, citation["end_index"].get<std::size_t>() - start), U"[1]");
    EXPECT_EQ(citation["url"], "http://localhost:1/#/document/doc-kiln?start=57&end=81");
    EXPECT_EQ(message["hearth"]["citations"][0]["start"], start);
}

TEST_F(Routes, AnnotationsBehindATlsProxyAreHttps) {
    Request request;
    request.method = Method::kPost;
    ASSERT_TRUE(parse_target("/v1/chat/completions", request).ok());
    request.headers = {{"host", "localhost"}, {"x-forwarded-proto", "https"}};
    request.body = R"({"model":"hearth","messages":[{"role":"user","content":"How fast?"}]})";
    CapturingWriter writer;
    call(app_, request, writer);
    const std::string url = writer.json()["choices"][0]["message"]["annotations"][0]["url_citation"]["url"];
    EXPECT_EQ(url.rfind("https://localhost/#/document/", 0), 0u) << url;
}

TEST_F(Routes, StreamedChunksComeInTheOrderClientsExpect) {
    const auto events = chat({{"stream", true}, {"stream_options", {{"include_usage", true}}}}).events();

    ASSERT_GT(events.size(), 5u);
    EXPECT_EQ(events.back(), "[DONE]");
    std::vector<json> chunks;
    for (std::size_t i = 0; i + 1 < events.size(); ++i) chunks.push_back(json::parse(events[i]));
    std::string text;
    for (const json& chunk : chunks) {
        EXPECT_EQ(chunk["object"], "chat.completion.chunk");
        EXPECT_EQ(chunk["id"], chunks[0]["id"]);
        EXPECT_TRUE(chunk.contains("usage"));
        if (!chunk["choices"].empty()) text += chunk["choices"][0]["delta"].value("content", "");
    }
    EXPECT_EQ(chunks[0]["choices"][0]["delta"], (json{{"role", "assistant"}, {"content", ""}}));
    EXPECT_EQ(chunks[1]["hearth"]["event"], "step");
    EXPECT_EQ(chunks[2]["hearth"]["event"], "sources");
    EXPECT_EQ(chunks[2]["choices"][0]["delta"], json::object());
    EXPECT_EQ(text, chat({}).json()["choices"][0]["message"]["content"]);
    const json& finish = chunks[chunks.size() - 2];
    EXPECT_EQ(finish["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(finish["choices"][0]["delta"]["annotations"].size(), 2u);
    EXPECT_EQ(finish["hearth"]["found"], true);
    EXPECT_TRUE(finish["usage"].is_null());
    EXPECT_EQ(chunks.back()["choices"], json::array());
    EXPECT_EQ(chunks.back()["usage"]["completion_tokens"], 12);
}

TEST_F(Routes, NotFoundKeepsTheNearestPassages) {
    const json reply = chat({}, "unicorn").json();
    EXPECT_EQ(reply["hearth"]["found"], false);
    EXPECT_EQ(reply["hearth"]["sources"].size(), 2u);
    EXPECT_EQ(reply["choices"][0]["message"]["annotations"], json::array());
}

TEST_F(Routes, StopStringsCutTheAnswerAndItsCitations) {
    const json reply = chat({{"stop", "lease"}}).json();
    EXPECT_EQ(reply["choices"][0]["message"]["content"],
              "Raise the temperature by **at most 120 °C per hour** [1]. The ");
    EXPECT_EQ(reply["hearth"]["citations"].size(), 1u);
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "stop");
}

TEST_F(Routes, PlainEngineGetsToolsAndReturnsCalls) {
    const json tool{{"type", "function"}, {"function", {{"name", "weather"}}}};
    const json reply = chat({{"tools", json::array({tool})}}).json();
    const json& message = reply["choices"][0]["message"];
    EXPECT_TRUE(message["content"].is_null());
    EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Oslo\"}");
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "tool_calls");

    const auto events = chat({{"tools", json::array({tool})}, {"stream", true}}).events();
    const json first = json::parse(events.at(1))["choices"][0]["delta"]["tool_calls"][0];
    const json second = json::parse(events.at(2))["choices"][0]["delta"]["tool_calls"][0];
    EXPECT_EQ(first, (json{{"index", 0},
                           {"id", "call_1"},
                           {"type", "function"},
                           {"function", {{"name", "weather"}, {"arguments", ""}}}}));
    EXPECT_EQ(second, (json{{"index", 0}, {"function", {{"arguments", "{\"city\":\"Oslo\"}"}}}}));
}

TEST_F(Routes, PlainEngineReportsLengthAndStops) {
    const json reply = chat({{"hearth", {{"retrieval", false}}}, {"max_tokens", 2}, {"model", "fake-0.5b-q4"}}).json();
    EXPECT_EQ(reply["choices"][0]["message"]["content"], "Plain words ");
    EXPECT_EQ(reply["choices"][0]["finish_reason"], "length");
    EXPECT_FALSE(reply.contains("hearth"));
}

TEST_F(Routes, EngineErrorsKeepTheirStatusAlsoWhenStreaming) {
    house_.model.error = Error(ErrorCode::kInvalidArgument, "the prompt has 9000 tokens; 8192 fit");
    for (const bool stream : {false, true}) {
        const auto reply = chat({{"hearth", {{"retrieval", false}}}, {"stream", stream}});
        EXPECT_EQ(reply.response.status, 400);
        EXPECT_EQ(reply.json()["error"]["message"], "the prompt has 9000 tokens; 8192 fit");
    }
    const auto busy = chat({{"stream", true}}, "overload");
    EXPECT_EQ(busy.response.status, 429);
    EXPECT_EQ(busy.header("Retry-After-Ms"), "2000");
}

TEST_F(Routes, AnErrorInTheStreamEndsItWithoutDone) {
    house_.agent.script = [](const auto&, const auto& sink, const auto&) -> Result<agents::Answer> {
        sink(agents::DeltaEvent{"half"});
        return Error(ErrorCode::kInternal, "the engine failed");
    };
    const auto events = chat({{"stream", true}}).events();
    EXPECT_EQ(json::parse(events.back())["error"]["message"], "the engine failed");
}

TEST_F(Routes, AHangUpCancelsTheAnswerAndBusyEnds) {
    std::vector<bool> busy;
    app_.on_busy_change([&](bool now) { busy.push_back(now); });
    Request request;
    request.method = Method::kPost;
    ASSERT_TRUE(parse_target("/v1/chat/completions", request).ok());
    request.body = R"({"model":"hearth","stream":true,"messages":[{"role":"user","content":"x"}]})";
    CapturingWriter writer;
    writer.accept = 4;

    call(app_, request, writer);

    EXPECT_EQ(house_.cancelled_answers, 1);
    EXPECT_EQ(busy, (std::vector<bool>{true, false}));
    const std::string metrics = get("/metrics").response.body;
    EXPECT_NE(metrics.find("hearth_generation_cancelled_total 1\n"), std::string::npos);
    EXPECT_NE(metrics.find("hearth_generation_failures_total 0\n"), std::string::npos);
    EXPECT_NE(metrics.find("hearth_generation_running 0\n"), std::string::npos);
    EXPECT_EQ(writer.stream.find("[DONE]"), std::string::npos);
}

TEST_F(Routes, UnknownModelsAndMissingQuestionsAreNamed) {
    const auto unknown = chat({{"model", "gpt-9"}});
    EXPECT_EQ(unknown.response.status, 404);
    EXPECT_EQ(unknown.json()["error"]["code"], "model_not_found");
    EXPECT_EQ(chat({{"model", "fake-embedder"}}).response.status, 400);
    EXPECT_EQ(chat({{"messages", json::array({{{"role", "system"}, {"content", "x"}}})}}).response.status, 400);
}

TEST_F(Routes, NothingIsAnsweredBeforeTheServicesAreThere) {
    app_.set_services({});
    app_.set_starting("loading model 41 %");
    EXPECT_EQ(get("/healthz").response.status, 200);
    const auto ready = get("/readyz");
    EXPECT_EQ(ready.response.status, 503);
    EXPECT_EQ(ready.json()["reason"], "loading model 41 %");
    EXPECT_EQ(get("/v1/status").json()["reason"], "loading model 41 %");
    for (const char* target : {"/v1/models", "/v1/search?q=x", "/v1/documents", "/v1/documents/a/passage"}) {
        const auto reply = get(target);
        EXPECT_EQ(reply.response.status, 503) << target;
        EXPECT_EQ(reply.header("Retry-After"), "2") << target;
    }
    EXPECT_EQ(chat({}).response.status, 503);
    EXPECT_EQ(post("/v1/embeddings", {{"model", "x"}, {"input", "y"}}).response.status, 503);
    app_.set_services(house_.services());
    EXPECT_EQ(get("/readyz").response.status, 200);
}

TEST_F(Routes, ModelsListTheAgentFirst) {
    const json list = get("/v1/models").json();
    EXPECT_EQ(list["data"].size(), 2u);
    EXPECT_EQ(list["data"][0]["id"], "hearth");
    EXPECT_EQ(get("/v1/models/fake-0.5b-q4").json()["object"], "model");
    EXPECT_EQ(get("/v1/models/none").response.status, 404);
}

TEST_F(Routes, EmbeddingsComeAsFloatsOrLittleEndianBase64) {
    const json floats = post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", {"ab", "abcd"}}}).json();
    ASSERT_EQ(floats["data"].size(), 2u);
    EXPECT_EQ(floats["data"][1]["index"], 1);
    const json coded =
        post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", "ab"}, {"encoding_format", "base64"}}).json();
    const std::string text = coded["data"][0]["embedding"];
    EXPECT_EQ(text.size(), 24u);  // 16 bytes
    EXPECT_GT(coded["usage"]["prompt_tokens"], 0);
}

TEST_F(Routes, EmbeddingsRefuseWhatTheyCannotEmbed) {
    const json tokens = json::array({1, 2});
    for (const json& input : {tokens, json::array(), json(""), json(nullptr), json::array({tokens})}) {
        const auto reply = post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", input}});
        EXPECT_EQ(reply.response.status, 400) << input;
        EXPECT_EQ(reply.json()["error"]["param"], "input") << input;
    }
    const auto longer =
        post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", {"x", std::string(4 * 255, 'x')}}});
    EXPECT_EQ(longer.response.status, 400);  // the scripted embedder counts a token for four bytes
    EXPECT_NE(longer.json()["error"]["message"].get<std::string>().find("input 1 has 255 tokens"), std::string::npos);
    EXPECT_NE(longer.json()["error"]["message"].get<std::string>().find("at most 254"), std::string::npos);
    EXPECT_EQ(
        post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", std::string(4 * 254, 'x')}}).response.status,
        200);
    EXPECT_EQ(post("/v1/embeddings", {{"model", "none"}, {"input", "x"}}).response.status, 404);
    EXPECT_EQ(post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", "x"}, {"dimensions", 2}}).response.status,
              400);
    EXPECT_EQ(post("/v1/embeddings", {{"model", "fake-embedder"}, {"input", "x"}, {"dimensions", 4}}).response.status,
              200);
}

TEST_F(Routes, SearchAnswersExactlyItsShape) {
    const json reply = get("/v1/search?q=kiln%20heat&k=2&collection=manuals&path=*.md&type=markdown").json();
    EXPECT_EQ(reply.size(), 2u);
    EXPECT_TRUE(reply["took_ms"].is_number());
    const json& hit = reply["results"][1];
    EXPECT_EQ(hit["document"].size(), 4u);
    EXPECT_EQ(hit["chunk"].size(), 4u);
    EXPECT_TRUE(hit["chunk"]["page"].is_null());
    EXPECT_EQ(hit["scores"].size(), 4u);
    EXPECT_EQ(house_.corpus.last_query().text, "kiln heat");
    EXPECT_EQ(house_.corpus.last_query().k, 2);
    EXPECT_EQ(post("/v1/search", {{"q", "x"}, {"k", 1}}).json()["results"].size(), 1u);
    for (const char* bad :
         {"/v1/search", "/v1/search?q=", "/v1/search?q=x&k=0", "/v1/search?q=x&k=201", "/v1/search?q=x&k=two"}) {
        EXPECT_EQ(get(bad).response.status, 400) << bad;
    }
}

TEST_F(Routes, SearchTakesFiltersAmongTheWords) {
    EXPECT_EQ(get("/v1/search?q=kiln%20path:manuals%20-draft%20type:md&type=markdown").response.status, 200);
    const retrieval::Query query = house_.corpus.last_query();
    EXPECT_EQ(query.text, "kiln");
    EXPECT_EQ(query.type, "markdown");
    EXPECT_EQ(query.filter.path.any_of, std::vector<std::string>{"manuals"});
    EXPECT_EQ(query.filter.type.any_of, std::vector<std::string>{"md"});
    EXPECT_EQ(query.filter.without, "\"draft\"");
    const json error = post("/v1/search", {{"q", "kiln after:soon"}}).json()["error"];
    EXPECT_EQ(error["param"], "q");
    EXPECT_NE(error["message"].get<std::string>().find("2024-05-31"), std::string::npos);
}

TEST_F(Routes, DocumentsTellStateReasonAndRemedy) {
    const json list = get("/v1/documents").json()["documents"];
    ASSERT_EQ(list.size(), 3u);
    const json failed = get("/v1/documents/doc-scan").json();
    EXPECT_EQ(failed["state"], "failed");
    EXPECT_FALSE(failed["reason"].get<std::string>().empty() || failed["remedy"].get<std::string>().empty());
    EXPECT_EQ(get("/v1/documents?collection=manuals").json()["documents"].size(), 1u);
    EXPECT_EQ(get("/v1/documents/none").response.status, 404);
}

TEST_F(Routes, PassageOpensTheSpanWithItsSurroundings) {
    const json passage = get("/v1/documents/doc-kiln/passage?start=57&end=81&context=10").json();
    const std::string text = passage["text"];
    const std::size_t from = 57 - passage["window"]["start"].get<std::size_t>();
    EXPECT_EQ(text.substr(from, 24), "at most 120 °C per hour");
    for (const char* query : {"start=a", "start=5&end=4", "start=-1", "context=99999999999999999999"}) {
        EXPECT_EQ(get(std::string("/v1/documents/doc-kiln/passage?") + query).response.status, 400) << query;
    }
}

TEST_F(Routes, UploadsLandInTheInboxUnderSafeNames) {
    EXPECT_EQ(upload("/v1/documents?name=a.txt", "one").json()["files"][0]["name"], "a.txt");
    EXPECT_EQ(upload("/v1/documents?name=..%2F..%2Fa.txt", "two").json()["files"][0]["name"], "a (2).txt");
    EXPECT_EQ(upload("/v1/documents?name=b.txt&collection=notes", "three").response.status, 201);
    EXPECT_EQ(read_file(inbox_.path("a (2).txt"), 10).value(), "two");
    EXPECT_EQ(read_file(inbox_.path("notes/b.txt"), 10).value(), "three");
    EXPECT_EQ(house_.pipeline.rescans, 3);
    for (const char* bad : {"name=.x", "name=", "", "name=x.txt&collection=..", "name=x.txt&collection=a/b"}) {
        EXPECT_EQ(upload(std::string("/v1/documents?") + bad, "x").response.status, 400) << bad;
    }
    EXPECT_EQ(upload("/v1/documents?name=empty.txt", "").response.status, 400);
}

TEST_F(Routes, ACollectionThatLeadsOutOfTheInboxTakesNothing) {
    const test::TempDir outside;
    std::filesystem::create_directory_symlink(outside.path(), inbox_.path("notes"));
    const auto plain = upload("/v1/documents?name=a.txt&collection=notes", "x");
    EXPECT_EQ(plain.response.status, 403) << plain.response.body;
    const std::string form =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.md\"\r\n\r\n# C\r\n--B--\r\n";
    EXPECT_EQ(upload("/v1/documents?collection=notes", form, "multipart/form-data; boundary=B").response.status, 403);
    EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST_F(Routes, AFormThatFailsHalfWayNamesWhatWasStored) {
    const auto part = [](const std::string& name, const std::string& content) {
        return "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + name + "\"\r\n\r\n" + content +
               "\r\n";
    };
    const auto reply =
        upload("/v1/documents", part("one.md", "# 1") + part("two.md", "") + part("three.md", "# 3") + "--B--\r\n",
               "multipart/form-data; boundary=B");
    EXPECT_EQ(reply.response.status, 400);
    const json body = reply.json();
    ASSERT_EQ(body["files"].size(), 1u);
    EXPECT_EQ(body["files"][0]["name"], "one.md");
    EXPECT_NE(body["error"]["message"].get<std::string>().find("two.md"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(inbox_.path("one.md")));
    EXPECT_FALSE(std::filesystem::exists(inbox_.path("three.md")));
    EXPECT_EQ(house_.pipeline.rescans, 1);
}

TEST_F(Routes, TooLargeAnUploadIs413AlsoInsideAForm) {
    ServerOptions small = options();
    small.max_upload_bytes = 3;
    App app(small);
    const auto put = [&](const std::string& bytes, const std::string& type) {
        Request request;
        request.method = Method::kPost;
        EXPECT_TRUE(parse_target("/v1/documents?name=a.txt", request).ok());
        request.headers.push_back({"content-type", type});
        auto file = UploadFile::create(inbox_.path());
        EXPECT_TRUE(file.ok() && file->append(bytes).ok());
        request.upload = std::make_shared<UploadFile>(std::move(*file));
        CapturingWriter writer;
        call(app, request, writer);
        return writer.response.status;
    };
    EXPECT_EQ(put("four", "text/plain"), 413);
    EXPECT_EQ(put("--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.md\"\r\n\r\nfour\r\n--B--\r\n",
                  "multipart/form-data; boundary=B"),
              413);
}

TEST_F(Routes, VerifyTellsTheMismatches) {
    EXPECT_EQ(get("/v1/verify").json()["mismatches"], json::array());
}

TEST_F(Routes, StatusSaysWhyAnotherModelAnswers) {
    Services services = house_.services();
    services.model_problem = "the file is damaged";
    app_.set_services(services);
    EXPECT_EQ(get("/v1/status").json()["engine"]["problem"], "the file is damaged");
}

TEST_F(Routes, FormUploadsBecomeFiles) {
    const std::string form =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.md\"\r\n\r\n# C\r\n--B--\r\n";
    const auto reply = upload("/v1/documents", form, "multipart/form-data; boundary=B");
    EXPECT_EQ(reply.response.status, 201);
    EXPECT_EQ(read_file(inbox_.path("c.md"), 10).value(), "# C");
    EXPECT_EQ(upload("/v1/documents", "garbage", "multipart/form-data; boundary=B").response.status, 400);
}

TEST_F(Routes, DeleteRemovesTheFileAndNothingOutsideTheInbox) {
    const test::TempDir outside;
    ASSERT_TRUE(atomic_write_file(outside.path("kiln.md"), "x").ok());
    std::filesystem::create_directory_symlink(outside.path(), inbox_.path("manuals"));
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/documents/doc-kiln").response.status, 403);
    EXPECT_TRUE(std::filesystem::exists(outside.path("kiln.md")));

    std::filesystem::create_directories(inbox_.path("contracts"));
    ASSERT_TRUE(atomic_write_file(inbox_.path("contracts/lease 2024.pdf"), "x").ok());
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/documents/doc-lease").json()["deleted"], true);
    EXPECT_FALSE(std::filesystem::exists(inbox_.path("contracts/lease 2024.pdf")));
    EXPECT_EQ(house_.pipeline.rescans, 1);
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/documents/none").response.status, 404);
}

TEST_F(Routes, PipelineButtonsReachThePipeline) {
    EXPECT_EQ(call(app_, Method::kPost, "/v1/ingest/rescan").response.status, 202);
    EXPECT_EQ(call(app_, Method::kPost, "/v1/ingest/confirm-deletes").response.status, 202);
    EXPECT_EQ(house_.pipeline.rescans, 1);
    EXPECT_EQ(house_.pipeline.confirmations, 1);
    EXPECT_EQ(call(app_, Method::kPost, "/v1/ingest/pause").response.status, 202);
    EXPECT_EQ(get("/v1/status").json()["pipeline"]["paused"], true);
    EXPECT_EQ(call(app_, Method::kPost, "/v1/ingest/resume").response.status, 202);
    EXPECT_EQ(get("/v1/status").json()["pipeline"]["paused"], false);
    const auto again = call(app_, Method::kPost, "/v1/ingest/reindex", R"({"path":"manuals/**"})");
    EXPECT_EQ(again.response.status, 202);
    EXPECT_EQ(again.json()["documents"], 1);
    EXPECT_EQ(house_.pipeline.reindexed, std::vector<std::string>{"manuals/**"});
    for (const char* body : {"{}", R"({"path":""})", R"({"path":7})", "[]", "{"}) {
        EXPECT_EQ(call(app_, Method::kPost, "/v1/ingest/reindex", body).response.status, 400) << body;
    }
}

TEST_F(Routes, MetricsCountByPatternNotByPath) {
    get("/v1/documents/secret-name");
    chat({});
    const std::string text = get("/metrics").response.body;
    EXPECT_NE(text.find("hearth_http_requests_total{route=\"/v1/documents/{}\",method=\"GET\",code=\"404\"} 1"),
              std::string::npos);
    EXPECT_NE(text.find("hearth_completion_tokens_total 12\n"), std::string::npos);
    EXPECT_NE(text.find("hearth_documents{state=\"failed\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("hearth_build_info{version=\"1.2.3\",model=\"fake-0.5b-q4\"} 1\n"), std::string::npos);
    EXPECT_EQ(text.find("secret-name"), std::string::npos);
}

TEST_F(Routes, UnknownPathsAndMethodsAreErrorsInJson) {
    EXPECT_EQ(get("/nowhere").json()["error"]["code"], "not_found");
    const auto wrong = call(app_, Method::kPut, "/v1/search");
    EXPECT_EQ(wrong.response.status, 405);
    EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, POST");
    EXPECT_EQ(call(app_, Method::kOptions, "/v1/search").response.status, 204);
}

TEST(KeyedRoutes, AllButHealthAndThePageNeedTheKey) {
    const test::TempDir ui;
    ASSERT_TRUE(atomic_write_file(ui.path("index.html"), "<!doctype html>").ok());
    ServerOptions options;
    options.api_key = "k";
    options.ui_directory = ui.path();
    App app(options);
    for (const char* open : {"/healthz", "/livez", "/readyz", "/"}) {
        EXPECT_NE(call(app, Method::kGet, open).response.status, 401) << open;
    }
    for (const char* closed : {"/metrics", "/v1/status", "/v1/models", "/v1/search?q=x", "/v1/documents", "/nowhere"}) {
        EXPECT_EQ(call(app, Method::kGet, closed).response.status, 401) << closed;
    }
    EXPECT_EQ(call(app, Method::kPost, "/v1/chat/completions", "{}").response.status, 401);
}

TEST(StaticRoutes, PageIsServedWithPolicyAndEtag) {
    const test::TempDir ui;
    ASSERT_TRUE(atomic_write_file(ui.path("index.html"), "<!doctype html>").ok());
    ASSERT_TRUE(atomic_write_file(ui.path("secret.pem"), "x").ok());
    ServerOptions options;
    options.ui_directory = ui.path();
    App app(options);

    const auto page = call(app, Method::kGet, "/");

    EXPECT_EQ(page.response.body, "<!doctype html>");
    EXPECT_NE(page.header("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(call(app, Method::kGet, "/secret.pem").response.status, 404);
    EXPECT_EQ(call(app, Method::kGet, "/../index.html").response.status, 404);
    EXPECT_EQ(call(app, Method::kPost, "/index.html").response.status, 405);
    Request again;
    again.path = "/index.html";
    again.headers = {{"if-none-match", page.header("ETag")}};
    CapturingWriter writer;
    call(app, again, writer);
    EXPECT_EQ(writer.response.status, 304);
    EXPECT_TRUE(writer.response.body.empty());
}

}  // namespace
}  // namespace hearth::web
