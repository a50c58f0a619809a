// The parts of web/ that need neither services nor sockets.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_dir.h"
#include "web/access.h"
#include "web/auth/gate.h"
#include "web/base64.h"
#include "web/exchange.h"
#include "web/limits.h"
#include "web/metrics.h"
#include "web/multipart.h"
#include "web/router.h"
#include "web/stop_filter.h"

namespace hearth::web {
namespace {

TEST(Target, SplitsAndDecodesPathAndQuery) {
    Request request;

    ASSERT_TRUE(parse_target("/a%20b/c?q=x+y%26z&empty&k=", request).ok());

    EXPECT_EQ(request.path, "/a b/c");
    EXPECT_EQ(request.parameter("q"), "x y&z");
    EXPECT_EQ(request.parameter("empty"), "");
    EXPECT_EQ(request.parameter("k"), "");
    EXPECT_EQ(request.parameter("none"), std::nullopt);
}

TEST(Target, RefusesBadEscapesNulAndForeignForms) {
    for (const char* target : {"", "a", "http://x/", "/%", "/%4", "/%zz", "/%00", "/?a=%f"}) {
        Request request;
        EXPECT_FALSE(parse_target(target, request).ok()) << target;
    }
}

TEST(Percent, EncodesWhatItDecodes) {
    const std::string text = "a b/ü?&=%~";
    EXPECT_EQ(percent_decode(percent_encode(text), false), text);
}

TEST(ResponseHead, DropsValuesThatWouldSplitTheResponse) {
    Response response;
    response.set("X-Good", "yes");
    response.set("X-Bad", "a\r\nSet-Cookie: b");

    EXPECT_EQ(response_head(response), "HTTP/1.1 200 OK\r\nX-Good: yes\r\n\r\n");
}

TEST(Request, RepeatedHeaderHasNoValue) {
    Request request;
    request.headers = {{"host", "a"}, {"host", "b"}, {"x", "1"}};
    EXPECT_EQ(request.header("host"), "");
    EXPECT_EQ(request.header("x"), "1");
}

TEST(Router, CapturesOneSegmentAndNamesAllowedMethods) {
    constexpr Route kRoutes[] = {{Method::kGet, "/d/{}"}, {Method::kDelete, "/d/{}"}, {Method::kGet, "/d/{}/p"}};

    EXPECT_EQ(match_route(kRoutes, Method::kHead, "/d/x").captures, std::vector<std::string>{"x"});
    EXPECT_EQ(match_route(kRoutes, Method::kGet, "/d/x/p").route, &kRoutes[2]);
    EXPECT_EQ(match_route(kRoutes, Method::kPost, "/d/x").allowed, "GET, HEAD, DELETE");
    EXPECT_EQ(match_route(kRoutes, Method::kGet, "/d/").route, nullptr);
    EXPECT_EQ(match_route(kRoutes, Method::kGet, "/d/x/y").route, nullptr);
    EXPECT_TRUE(match_route(kRoutes, Method::kGet, "/d/x/y").allowed.empty());
}

TEST(FileName, KeepsTheLastPartAndRefusesWhatHidesOrHarms) {
    EXPECT_EQ(safe_file_name("report.pdf").value(), "report.pdf");
    EXPECT_EQ(safe_file_name("C:\\temp\\a b.txt").value(), "a b.txt");
    EXPECT_EQ(safe_file_name("../../etc/passwd").value(), "passwd");
    for (const std::string name : {"", "..", ".hidden", "a/", "x\ny", "x.part", "\xff.txt"}) {
        EXPECT_FALSE(safe_file_name(name).ok()) << name;
    }
    EXPECT_FALSE(safe_file_name(std::string(201, 'a')).ok());
}

TEST(UploadFile, NeverReplacesAndCountsUp) {
    const test::TempDir directory;
    for (const char* expected : {"a.txt", "a (2).txt", "a (3).txt"}) {
        auto file = UploadFile::create(directory.path());
        ASSERT_TRUE(file.ok());
        ASSERT_TRUE(file->append(expected).ok());
        EXPECT_EQ(file->publish(directory.path(), "a.txt").value(), expected);
    }
    EXPECT_EQ(read_file(directory.path("a.txt"), 100).value(), "a.txt");
    EXPECT_EQ(read_file(directory.path("a (2).txt"), 100).value(), "a (2).txt");
}

TEST(UploadFile, VanishesUnlessPublishedAndStaleOnesAreSwept) {
    const test::TempDir directory;
    { const auto file = UploadFile::create(directory.path()); }
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    ASSERT_TRUE(atomic_write_file(directory.path(".hearth-upload-1.part"), "x").ok());
    ASSERT_TRUE(atomic_write_file(directory.path("keep.txt"), "x").ok());

    remove_stale_uploads(directory.path());

    EXPECT_FALSE(std::filesystem::exists(directory.path(".hearth-upload-1.part")));
    EXPECT_TRUE(std::filesystem::exists(directory.path("keep.txt")));
}

TEST(Multipart, FindsNamesAndContents) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; charset=x; boundary=\"a b\""), "a b");
    EXPECT_EQ(multipart_boundary("text/plain; boundary=a"), "");
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser\r\n"
        "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\n\r\n"
        "x\r\n--A\r\n\r\n--B--";

    const auto parts = parse_multipart(body, "B");

    ASSERT_TRUE(parts.ok());
    ASSERT_EQ(parts->size(), 2u);
    EXPECT_EQ((*parts)[0].name, "purpose");
    EXPECT_EQ((*parts)[0].content, "user");
    EXPECT_EQ((*parts)[1].file_name, "a \"b\".txt");
    EXPECT_EQ((*parts)[1].content, "x\r\n--A\r\n");
}

TEST(Multipart, RefusesEveryTruncation) {
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\ncontent\r\n--B--";
    for (std::size_t n = 0; n < body.size(); ++n) EXPECT_FALSE(parse_multipart(body.substr(0, n), "B").ok()) << n;
    EXPECT_TRUE(parse_multipart(body, "B").ok());
    EXPECT_FALSE(parse_multipart(body, "").ok());
}

Request with_headers(std::vector<Header> headers, Method method = Method::kPost) {
    Request request;
    request.method = method;
    request.headers = std::move(headers);
    return request;
}

TEST(HostCheck, LetsOnlyLoopbackNamesInOnLoopback) {
    ServerOptions options;
    for (const char* host : {"localhost", "LOCALHOST:4327", "127.0.0.1:1", "[::1]:4327", "[::1]"}) {
        EXPECT_FALSE(check_host(with_headers({{"host", host}}), options)) << host;
    }
    for (const char* host :
         {"", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost:x", "[::1", "a b"}) {
        EXPECT_TRUE(check_host(with_headers({{"host", host}}), options)) << host;
    }
    EXPECT_TRUE(check_host(with_headers({}), options));
    EXPECT_TRUE(check_host(with_headers({{"host", "localhost"}, {"host", "evil.example"}}), options));
    options.allowed_hosts = {"Hearth.lan"};
    EXPECT_FALSE(check_host(with_headers({{"host", "hearth.lan:80"}}), options));
}

TEST(HostCheck, OffLoopbackOnlyAddressesAndListedNames) {
    ServerOptions options;
    options.address = "0.0.0.0";
    for (const char* host : {"192.168.1.7:4327", "[fd00::7]", "localhost"}) {
        EXPECT_FALSE(check_host(with_headers({{"host", host}}), options)) << host;
    }
    EXPECT_TRUE(check_host(with_headers({{"host", "hearth.lan"}}), options));
    options.allowed_hosts = {"hearth.lan"};
    EXPECT_FALSE(check_host(with_headers({{"host", "hearth.lan"}}), options));
    EXPECT_TRUE(check_host(with_headers({{"host", "any.example"}}), options));
}

TEST(OriginCheck, OnlySameOriginMayChangeThings) {
    const Header host{"host", "localhost:4327"};
    EXPECT_FALSE(check_origin(with_headers({host})));
    EXPECT_FALSE(check_origin(with_headers({host, {"origin", "http://localhost:4327"}})));
    EXPECT_FALSE(check_origin(with_headers({host, {"origin", "http://evil.example"}}, Method::kGet)));
    for (const char* origin : {"http://evil.example", "null", "", "http://localhost", "http://localhost:4328"}) {
        EXPECT_TRUE(check_origin(with_headers({host, {"origin", origin}}))) << origin;
    }
    EXPECT_TRUE(check_origin(with_headers({host, {"sec-fetch-site", "cross-site"}})));
}

TEST(KeyCheck, TakesBearerAndApiKeyAlike) {
    ServerOptions options;
    const auto check = [&](std::vector<Header> headers) {
        Gate gate(options);
        Request request = with_headers(std::move(headers));
        std::vector<Header> limits;
        return gate.admit(request, {Scope::kAdmin}, limits);
    };
    EXPECT_FALSE(check({}));
    options.api_key = "secret";
    EXPECT_FALSE(check({{"authorization", "Bearer secret"}}));
    EXPECT_FALSE(check({{"authorization", "bearer secret"}}));
    EXPECT_FALSE(check({{"x-api-key", "secret"}}));
    const std::vector<std::vector<Header>> bad{{},
                                               {{"x-api-key", "secre"}},
                                               {{"x-api-key", "secrett"}},
                                               {{"authorization", "Basic secret"}},
                                               {{"authorization", "Bearer "}},
                                               {{"authorization", "secret"}}};
    for (const auto& headers : bad) EXPECT_EQ(check(headers)->status, 401);
}

TEST(StopFilter, CutsBeforeAStopStringThatSpansDeltas) {
    StopFilter filter({"END", "Nope"});
    EXPECT_EQ(filter.push("ab E"), "ab ");
    EXPECT_EQ(filter.push("N"), "");
    EXPECT_EQ(filter.push("x EN"), "ENx ");
    EXPECT_EQ(filter.push("D more"), "");
    EXPECT_TRUE(filter.stopped());
    EXPECT_EQ(filter.push("again"), "");
    EXPECT_EQ(filter.flush(), "");
}

TEST(StopFilter, GivesBackWhatWasHeldWhenNothingStops) {
    StopFilter filter({"\xC3\xA9nd"});
    EXPECT_EQ(filter.push("caf\xC3\xA9"), "caf");
    EXPECT_EQ(filter.flush(), "\xC3\xA9");
    StopFilter none({});
    EXPECT_EQ(none.push("text"), "text");
}

TEST(Base64, EncodesEveryRemainder) {
    const auto encode = [](std::string_view text) { return base64_encode(std::as_bytes(std::span(text))); };
    EXPECT_EQ(encode(""), "");
    EXPECT_EQ(encode("f"), "Zg==");
    EXPECT_EQ(encode("fo"), "Zm8=");
    EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

TEST(Metrics, HistogramBucketsAreCumulative) {
    Histogram histogram;
    histogram.observe(0.005);
    histogram.observe(0.03);
    histogram.observe(1000);
    PrometheusText out;

    histogram.write(out, "h", "");

    const std::string text = out.take();
    EXPECT_NE(text.find("h_bucket{le=\"0.01\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("h_bucket{le=\"0.04\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("h_bucket{le=\"81.92\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("h_bucket{le=\"+Inf\"} 3\n"), std::string::npos);
    EXPECT_NE(text.find("h_count 3\n"), std::string::npos);
    EXPECT_EQ(PrometheusText::label("a", "x\"\\\ny"), "a=\"x\\\"\\\\\\ny\"");
}

TEST(Exchange, FramesAStreamInChunksAndEndsIt) {
    Exchange exchange({Method::kPost, true, true, "req_1"}, [] {});
    exchange.begin_sse();
    EXPECT_TRUE(exchange.take().bytes.empty());
    EXPECT_TRUE(exchange.write("data: x\n\n"));
    EXPECT_FALSE(exchange.send({}));
    exchange.finish();

    const auto output = exchange.take();

    EXPECT_NE(output.bytes.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_TRUE(output.bytes.ends_with("\r\n\r\n9\r\ndata: x\n\n\r\n0\r\n\r\n"));
    EXPECT_TRUE(output.last && output.keep_alive);
}

TEST(Exchange, AnErrorBeforeTheFirstWriteKeepsItsStatus) {
    Exchange exchange({Method::kPost, true, true, "req_1"}, [] {});
    exchange.begin_sse();
    Response refusal;
    refusal.status = 429;

    EXPECT_TRUE(exchange.send(std::move(refusal)));

    EXPECT_TRUE(exchange.take().bytes.starts_with("HTTP/1.1 429 "));
}

TEST(Exchange, SilentStreamSendsItsHeadAndPings) {
    Exchange exchange({Method::kPost, true, true, "req_1"}, [] {});
    exchange.begin_sse();
    const auto now = Exchange::Clock::now();
    exchange.tick(now);
    EXPECT_TRUE(exchange.take().bytes.empty());

    exchange.tick(now + kStreamHeadDelay);
    EXPECT_NE(exchange.take().bytes.find(": ping\n\n"), std::string::npos);
    exchange.tick(now + kStreamHeadDelay * 2);
    EXPECT_TRUE(exchange.take().bytes.empty());
    exchange.tick(now + kStreamHeadDelay + kPingInterval + std::chrono::seconds(1));
    EXPECT_NE(exchange.take().bytes.find(": ping\n\n"), std::string::npos);
}

TEST(Exchange, FullBufferCancels) {
    Exchange exchange({Method::kPost, true, true, "req_1"}, [] {});
    exchange.begin_sse();
    const std::string block(64u << 10, 'x');
    int written = 0;
    while (exchange.write(block)) ++written;

    EXPECT_EQ(written, 3);  // the framing of four would not fit 256 KiB
    EXPECT_TRUE(exchange.cancelled().stop_requested());
}

TEST(Exchange, HeadKeepsTheLengthAndDropsTheBody) {
    Exchange exchange({Method::kHead, true, false, "req_1"}, [] {});
    exchange.send(json_response("{}"));
    exchange.finish();

    const auto output = exchange.take();

    EXPECT_NE(output.bytes.find("Content-Length: 2\r\n"), std::string::npos);
    EXPECT_NE(output.bytes.find("X-Request-Id: req_1\r\n"), std::string::npos);
    EXPECT_TRUE(output.bytes.ends_with("\r\n\r\n"));
    EXPECT_FALSE(output.keep_alive);
}

}  // namespace
}  // namespace hearth::web
