// The server over real sockets: order, limits, hang-ups, slow readers, draining.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using test::eventually;
using test::RawClient;

class SocketServer : public testing::Test {
  protected:
    SocketServer() {
        ServerOptions options;
        options.port = 0;
        options.inbox_directory = inbox_.path();
        options.max_body_bytes = 4096;
        options.max_upload_bytes = 100'000;
        options.max_bodies_bytes = 6000;
        options.version = "1.2.3";
        auto started = Server::start(options);
        HEARTH_CHECK(started.ok());
        server_ = std::move(*started);
        server_->set_services(house_.services());
    }
    static std::string chat_body(const std::string& extra, const std::string& question = "x") {
        return "{\"model\":\"hearth\"," + extra + "\"messages\":[{\"role\":\"user\",\"content\":\"" + question +
               "\"}]}";
    }
    RawClient connect() { return RawClient(server_->port()); }
    static int status_of(const std::string& response) {
        return response.size() < 12 ? 0 : static_cast<int>(std::strtol(response.c_str() + 9, nullptr, 10));
    }

    test::TempDir inbox_;
    test::FakeHouse house_;
    std::unique_ptr<Server> server_;
};

TEST_F(SocketServer, KeepsConnectionsAliveAndAnswersPipelinedRequestsInOrder) {
    RawClient client = connect();
    client.get("/healthz");
    EXPECT_EQ(status_of(client.response()), 200);
    client.send(
        "GET /v1/documents/doc-kiln HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(client.response()), 200);
    EXPECT_EQ(status_of(client.response()), 404);
    const std::string last = client.read_all();
    EXPECT_EQ(status_of(last), 200);
    EXPECT_NE(last.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(last.find("X-Request-Id: req_"), std::string::npos);
    EXPECT_TRUE(client.closed());
}

TEST_F(SocketServer, AnswersAClientThatHasFinishedSending) {
    RawClient client = connect();
    client.send("HEAD /v1/documents HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const std::string reply = client.read_all();
    EXPECT_EQ(status_of(reply), 200);
    EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST_F(SocketServer, StreamsInChunksAndCanGoOn) {
    RawClient client = connect();
    client.post("/v1/chat/completions", chat_body("\"stream\":true,"));
    const std::string stream = client.read_until("\r\n0\r\n\r\n");
    EXPECT_EQ(status_of(stream), 200);
    EXPECT_NE(stream.find("Content-Type: text/event-stream"), std::string::npos);
    EXPECT_LT(stream.find("\"role\":\"assistant\""), stream.find("Raise the "));
    EXPECT_LT(stream.find("\"finish_reason\":\"stop\""), stream.find("data: [DONE]\n\n"));
    client.get("/healthz");
    EXPECT_NE(client.read_until("{\"status\":\"ok\"}").find("{\"status\":\"ok\"}"), std::string::npos);
}

TEST_F(SocketServer, HangUpCancelsTheAnswerInWork) {
    std::atomic<bool> busy{false};
    server_->on_busy_change([&](bool now) { busy = now; });
    {
        RawClient client = connect();
        client.post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
        ASSERT_NE(client.read_until("\"sources\"").find("\"sources\""), std::string::npos);
        EXPECT_TRUE(busy);
    }
    EXPECT_TRUE(eventually([&] { return house_.cancelled_answers == 1; }));
    EXPECT_TRUE(eventually([&] { return !busy; }));
}

TEST_F(SocketServer, HangUpCancelsAnAnswerThatIsNotStreamed) {
    {
        RawClient client = connect();
        client.post("/v1/chat/completions", chat_body("", "slow"));
        ASSERT_TRUE(eventually([&] { return house_.corpus.last_query().text == "slow"; }));
    }
    EXPECT_TRUE(eventually([&] { return house_.cancelled_answers == 1; }));
}

TEST_F(SocketServer, AReaderThatTakesNothingIsCancelled) {
    house_.model.words.assign(200'000, std::string(200, 'x'));
    RawClient client(server_->port(), 4096);
    client.post("/v1/chat/completions", chat_body("\"stream\":true,\"hearth\":{\"retrieval\":false},"));
    EXPECT_TRUE(eventually([&] { return house_.model.cancelled == 1; }));
    EXPECT_LT(house_.model.words_said, 200'000);
}

TEST_F(SocketServer, RefusesWhatIsTooLargeOrMalformed) {
    const std::vector<std::pair<std::string, int>> cases{
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n", 431},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431},
        {"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n", 413},
        {"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        {"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
        {"POST /v1/ingest/rescan HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403},
        {"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 400},
    };
    for (const auto& [request, status] : cases) {
        RawClient client = connect();
        client.send(request);
        EXPECT_EQ(status_of(client.response()), status) << request.substr(0, 120);
    }
    std::string many = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    for (int i = 0; i < 100; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
    RawClient client = connect();
    client.send(many + "\r\n");
    EXPECT_EQ(status_of(client.response()), 431);
}

TEST_F(SocketServer, WhatIsRefusedBeforeARouteSpeaksThePathsDialectToo) {
    const auto refused = [&](const std::string& path) {
        RawClient client = connect();
        client.post(path, std::string(5000, 'x'));
        return client.response();
    };
    const std::string anthropic = refused("/v1/messages");
    EXPECT_EQ(status_of(anthropic), 413);
    EXPECT_NE(anthropic.find(R"({"error":{"message":"the body has 5000 bytes; at most 4096)"), std::string::npos);
    EXPECT_NE(anthropic.find(R"("type":"request_too_large"},"type":"error"})"), std::string::npos) << anthropic;
    EXPECT_NE(refused("/api/chat").find(R"({"error":"the body has 5000 bytes)"), std::string::npos);
    RawClient large = connect();
    large.send("POST /v1/documents?name=a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
    EXPECT_NE(large.response().find("the file has 2.9 MiB; at most 0.1 MiB are possible (ingest.max_file_mib)"),
              std::string::npos);
}

TEST_F(SocketServer, ChunkedBodiesMeetTheLimitToo) {
    RawClient client = connect();
    client.send("POST /v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; ++i) client.send("800\r\n" + std::string(2048, ' ') + "\r\n");
    EXPECT_EQ(status_of(client.response()), 413);
}

TEST_F(SocketServer, BodiesInWorkShareABudget) {
    const std::string head = "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n";
    RawClient clients[2] = {connect(), connect()};
    for (RawClient& client : clients) client.send(head + std::string(3900, ' '));  // both do not fit into 6000 bytes
    std::string replies[2];
    ASSERT_TRUE(eventually([&] {
        for (int i = 0; i < 2; ++i) {
            replies[i] =
                clients[i].read_until([](const std::string& all) { return !all.empty(); }, std::chrono::seconds(0));
        }
        return !replies[0].empty() || !replies[1].empty();
    }));
    const int refused = replies[0].empty() ? 1 : 0;
    const std::string refusal = clients[refused].response();
    EXPECT_EQ(status_of(refusal), 503);
    EXPECT_NE(refusal.find("Retry-After: 2"), std::string::npos) << refusal;
    clients[1 - refused].send(std::string(100, ' '));
    EXPECT_EQ(status_of(clients[1 - refused].response()), 400) << "blanks are no search, but they were read";
    // A worker gives a share back when its job ends, which is a moment after the client has the answer.
    EXPECT_TRUE(eventually([&] {
        RawClient later = connect();
        later.send(head + std::string(4000, ' '));
        return status_of(later.response()) == 400;
    })) << "both shares were given back";
}

TEST_F(SocketServer, OneAddressCannotTakeAllConnections) {
    std::vector<std::unique_ptr<RawClient>> held;
    for (std::size_t i = 0; i < kMaxLoopbackConnections; ++i) {
        held.push_back(std::make_unique<RawClient>(server_->port()));
        held.back()->get("/healthz");
        ASSERT_EQ(status_of(held.back()->response()), 200) << i;
    }
    const std::string reply = connect().read_all();
    EXPECT_EQ(status_of(reply), 503);
    EXPECT_NE(reply.find("\"message\":\"there are 256 connections from your address"), std::string::npos) << reply;
    held.clear();
    EXPECT_TRUE(eventually([&] {
        RawClient again = connect();
        again.get("/healthz");
        return status_of(again.response()) == 200;
    }));
}

TEST_F(SocketServer, SilenceIsCountedWhileAnAnswerIsInWork) {
    EXPECT_EQ(server_->silent_for(), std::chrono::seconds(0));
    RawClient client = connect();
    client.post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
    client.read_until("\"sources\"");
    EXPECT_TRUE(eventually([&] { return server_->silent_for() >= std::chrono::seconds(1); }));
    client.close();
    EXPECT_TRUE(eventually([&] { return server_->silent_for() == std::chrono::seconds(0); }));
}

TEST_F(SocketServer, UploadsGoToDiskAndOversizeLeavesNothing) {
    RawClient client = connect();
    const std::string bytes(90'000, 'u');
    client.post("/v1/documents?name=big.txt", bytes);
    EXPECT_EQ(status_of(client.response()), 201);
    EXPECT_EQ(read_file(inbox_.path("big.txt"), 200'000).value(), bytes);

    RawClient second = connect();
    second.send("POST /v1/documents?name=huge.txt HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4; ++i) second.send("ea60\r\n" + std::string(60'000, 'u') + "\r\n");
    EXPECT_EQ(status_of(second.response()), 413);
    second.close();
    const auto files = [&] {
        return std::distance(std::filesystem::directory_iterator(inbox_.path()), std::filesystem::directory_iterator());
    };
    EXPECT_TRUE(eventually([&] { return files() == 1; }));
}

TEST_F(SocketServer, AnUploadThatBreaksOffLeavesNothing) {
    {
        RawClient client = connect();
        client.send("POST /v1/documents?name=a.txt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\nhalf");
        ASSERT_TRUE(eventually([&] { return !std::filesystem::is_empty(inbox_.path()); }));
    }
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(inbox_.path()); }));
}

TEST_F(SocketServer, ExpectContinueIsAnsweredBeforeTheBody) {
    RawClient client = connect();
    client.send("POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_NE(client.read_until("100 Continue\r\n\r\n").find("100 Continue"), std::string::npos);
    client.send("{\"q\":\"x\"}");
    EXPECT_NE(client.read_until("took_ms").find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(SocketServer, FullGenerationQueueIs429) {
    std::vector<std::unique_ptr<RawClient>> running, waiting;
    for (int i = 0; i < kGenerationThreads; ++i) {
        running.push_back(std::make_unique<RawClient>(server_->port()));
        running.back()->post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
        ASSERT_NE(running.back()->read_until("\"sources\"").find("\"sources\""), std::string::npos);
    }
    for (std::size_t i = 0; i < kGenerationQueue + 4; ++i) {
        waiting.push_back(std::make_unique<RawClient>(server_->port()));
        waiting.back()->post("/v1/chat/completions", chat_body("", "slow"));
    }
    // Two threads take the connections: only what was refused tells that all the others are in.
    const auto refused = [&] {
        const auto any = [](const std::string& all) { return !all.empty(); };
        return std::count_if(waiting.begin(), waiting.end(), [&](auto& client) {
            return status_of(client->read_until(any, std::chrono::seconds(0))) == 429;
        });
    };
    ASSERT_TRUE(eventually([&] { return refused() >= 4; }));
    RawClient late = connect();
    late.post("/v1/chat/completions", chat_body("", "slow"));
    const std::string reply = late.response();
    EXPECT_EQ(status_of(reply), 429);
    EXPECT_NE(reply.find("Retry-After-Ms: 2000"), std::string::npos);
    EXPECT_EQ(refused(), 4);
    waiting.clear();
    running.clear();
    EXPECT_TRUE(eventually([&] { return house_.cancelled_answers >= kGenerationThreads; }));
}

TEST_F(SocketServer, AStreamThatWaitsForATurnShowsLifeAndMistakesAreToldAtOnce) {
    std::vector<std::unique_ptr<RawClient>> running;
    for (int i = 0; i < kGenerationThreads; ++i) {
        running.push_back(std::make_unique<RawClient>(server_->port()));
        running.back()->post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
        ASSERT_NE(running.back()->read_until("\"sources\"").find("\"sources\""), std::string::npos);
    }
    RawClient waiting = connect();
    waiting.post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
    RawClient mistaken = connect();
    mistaken.post("/v1/chat/completions", "{\"model\":\"hearth\",\"stream\":true,\"messages\":7}");
    EXPECT_EQ(status_of(mistaken.response()), 400);
    const std::string head = waiting.read_until(": ping\n\n");
    EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos) << head;
    EXPECT_EQ(head.find("data: "), std::string::npos) << "it is still waiting";
}

TEST_F(SocketServer, StopLetsAnswersFinishThenCancels) {
    house_.pause = std::chrono::milliseconds(20);
    RawClient client = connect();
    client.post("/v1/chat/completions", chat_body("\"stream\":true,"));
    client.read_until("\"sources\"");
    RawClient idle = connect();
    idle.get("/healthz");
    idle.response();

    server_->stop(std::chrono::seconds(20));

    EXPECT_NE(client.read_all().find("data: [DONE]"), std::string::npos);
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_EQ(house_.cancelled_answers, 0);
    EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(SocketServer, StopCancelsAtTheDeadline) {
    RawClient client = connect();
    client.post("/v1/chat/completions", chat_body("\"stream\":true,", "slow"));
    client.read_until("\"sources\"");

    server_->stop(std::chrono::milliseconds(1));

    EXPECT_EQ(house_.cancelled_answers, 1);
    EXPECT_NE(client.read_all().find("stopped before it was complete"), std::string::npos);
}

TEST(ServerStart, PortInUseAndOpenAddressesAreRefusedWithARemedy) {
    ServerOptions options;
    options.port = 0;
    auto first = Server::start(options);
    ASSERT_TRUE(first.ok());
    options.port = (*first)->port();
    const auto second = Server::start(options);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos);
    options.port = 0;
    options.address = "0.0.0.0";
    EXPECT_EQ(Server::start(options).error().code, ErrorCode::kInvalidArgument);
    options.address = "no-address";
    options.api_key = "k";
    EXPECT_EQ(Server::start(options).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth::web
