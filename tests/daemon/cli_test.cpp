// The command line's client commands against a server that misbehaves as told, and its local ones on an empty home.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"
#include "daemon/home.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace hearth::cli {
namespace {

using nlohmann::json;
using test::Fault;
using test::FaultServer;

std::string chunk(const json& delta, const json& hearth = nullptr) {
    json event{{"choices", json::array({{{"delta", delta}}})}};
    if (!hearth.is_null()) event["hearth"] = hearth;
    return "data: " + event.dump() + "\n\n";
}

const std::string kSources = chunk(json::object(), {{"event", "sources"}, {"found", true}, {"sources", json::array()}});
const std::string kVerdict = chunk(json::object(), {{"found", true}, {"sources", json::array()}});
const std::string kDone = "data: [DONE]\n\n";

struct Printed {
    int status = 0;
    std::string out;
    std::string err;
};

template <typename Command>
Printed captured(const Command& command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Printed printed;
    printed.status = command();
    printed.out = testing::internal::GetCapturedStdout();
    printed.err = testing::internal::GetCapturedStderr();
    return printed;
}

std::string origin_of(const FaultServer& server) {
    const std::string url = server.url();
    return url.substr(0, url.rfind('/'));
}

Printed ask(const std::string& stream, Fault fault = Fault::kNone, bool as_json = false) {
    const FaultServer server(stream, {fault});
    const Client client({.url = origin_of(server), .api_key = {}});
    return captured([&] { return run_ask(client, {.question = "q"}, {.json = as_json}); });
}

TEST(Ask, AWholeStreamIsAnAnswer) {
    const Printed printed = ask(kSources + chunk({{"content", "Forty days."}}) + kVerdict + kDone);
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_EQ(printed.out, "Forty days.\n");
}

TEST(Ask, AStreamWithoutItsEndIsAnError) {
    const Printed cut = ask(kSources + chunk({{"content", "Forty"}}));
    EXPECT_EQ(cut.status, 2);
    EXPECT_NE(cut.err.find("broke off"), std::string::npos) << cut.err;

    const Printed truncated = ask(kSources + chunk({{"content", "Forty"}}) + kVerdict + kDone, Fault::kTruncate);
    EXPECT_EQ(truncated.status, 2);

    const Printed as_json = ask(kSources, Fault::kNone, true);
    EXPECT_EQ(as_json.status, 2);
    EXPECT_EQ(json::parse(as_json.out)["error"]["code"], "unavailable");
}

TEST(Ask, AnErrorInTheStreamIsToldInItsWords) {
    const Printed printed = ask("data: {\"error\":{\"message\":\"the engine failed\"}}\n\n");
    EXPECT_EQ(printed.status, 2);
    EXPECT_NE(printed.err.find("the engine failed"), std::string::npos) << printed.err;
}

TEST(Ask, OnlyTheVerdictSaysWhetherItWasFound) {
    const json not_found{{"found", false}, {"sources", json::array()}};
    EXPECT_EQ(ask(kSources + chunk({{"content", "No."}}) + chunk(json::object(), not_found) + kDone).status, 1);
}

TEST(Ask, ControlBytesOfTheModelNeverReachTheTerminal) {
    const Printed printed = ask(chunk({{"content", "a\x1b]0;owned\x07\n\tb\u009b2J"}}) + kVerdict + kDone);
    EXPECT_EQ(printed.out, "a\\x1b]0;owned\\x07\n\tb\\u009b2J\n");
}

TEST(Search, ValuesAreEncodedInTheQuery) {
    const FaultServer server(R"({"results":[]})", {Fault::kNone});
    const Client client({.url = origin_of(server), .api_key = {}});
    const Printed printed = captured([&] { return run_search(client, {.query = "a&b=ü #%", .type = "pdf"}, {}); });
    EXPECT_EQ(printed.status, 1);
    EXPECT_NE(server.request_line().find("q=a%26b%3D%C3%BC%20%23%25"), std::string::npos) << server.request_line();
    EXPECT_NE(server.request_line().find("type=pdf"), std::string::npos);
}

TEST(Documents, PrintStateReasonAndRemedy) {
    const json body{
        {"documents", json::array({{{"path", "a.pdf"}, {"state", "failed"}, {"reason", "R"}, {"remedy", "M"}},
                                   {{"path", "b.md"}, {"state", "indexed"}, {"chunks", 2}}})}};
    const FaultServer server(body.dump(), {Fault::kNone});
    const Client client({.url = origin_of(server), .api_key = {}});

    const Printed text = captured([&] { return run_documents(client, {}, {}); });
    EXPECT_EQ(text.status, 0);
    EXPECT_NE(text.out.find("why:    R"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("remedy: M"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("b.md  (2 chunks)"), std::string::npos) << text.out;

    const Printed as_json = captured([&] { return run_documents(client, {}, {.json = true}); });
    EXPECT_EQ(json::parse(as_json.out), body);
}

TEST(ModelList, SaysWhatIsInstalled) {
    const test::TempDir models;
    ASSERT_TRUE(atomic_write_file(models.path("smollm2-135m-instruct-q4_1.gguf"), "x").ok());
    const Printed printed = captured([&] { return run_model_list(models.path(), {.json = true}); });
    ASSERT_EQ(printed.status, 0);
    std::map<std::string, bool> installed;
    const json list = json::parse(printed.out)["models"];
    for (const json& model : list) installed[model["name"]] = model["installed"];
    EXPECT_TRUE(installed.at("smollm2-135m-instruct"));
    EXPECT_FALSE(installed.at("qwen2.5-coder-0.5b-instruct"));
}

/// The checks by name; nobody listens at the address.
std::map<std::string, json> doctor(const std::string& home, int& status) {
    const Client client({.url = "http://127.0.0.1:1", .api_key = {}});
    const Printed printed = captured([&] { return run_doctor(client, home, {.json = true}); });
    status = printed.status;
    std::map<std::string, json> checks;
    const json report = json::parse(printed.out);
    for (const json& check : report["checks"]) checks[check["check"]] = check;
    EXPECT_EQ(report["ok"], status == 0);
    return checks;
}

TEST(Doctor, NamesWhatIsMissingWithARemedyAndTakesTheFallbackAsOptional) {
    const test::TempDir home;
    int status = 0;
    const auto checks = doctor(home.path(), status);
    EXPECT_EQ(status, 1);
    for (const char* name : {"model qwen2.5-coder-0.5b-instruct", "model all-MiniLM-L6-v2", "daemon"}) {
        EXPECT_FALSE(checks.at(name)["ok"]) << name;
        EXPECT_NE(checks.at(name)["remedy"], "") << name;
    }
    EXPECT_TRUE(checks.at("model smollm2-135m-instruct")["ok"]);
    EXPECT_TRUE(checks.at("record")["ok"]) << checks.at("record");
}

TEST(Doctor, AWrongModelFileAndAnUnreadableRecordAreFound) {
    const test::TempDir home;
    std::filesystem::create_directories(home.path("models"));
    ASSERT_TRUE(atomic_write_file(home.path("models/smollm2-135m-instruct-q4_1.gguf"), "x").ok());
    ASSERT_TRUE(atomic_write_file(home.path("record.db"), "no database").ok());
    int status = 0;
    const auto checks = doctor(home.path(), status);
    EXPECT_FALSE(checks.at("model smollm2-135m-instruct")["ok"]);
    EXPECT_FALSE(checks.at("record")["ok"]);
}

TEST(Home, IsNamedOrTheFirstThatExists) {
    const test::TempDir place;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(place.path());
    ::unsetenv("HEARTH_HOME");
    std::filesystem::create_directories(".hearth");
    EXPECT_EQ(daemon::default_home(), ".hearth");
    ::setenv("HEARTH_HOME", "/elsewhere", 1);
    EXPECT_EQ(daemon::default_home(), "/elsewhere");
    ::unsetenv("HEARTH_HOME");
    std::filesystem::current_path(before);
}

TEST(Home, HasOneOwner) {
    const test::TempDir home;
    const auto first = daemon::lock_home(home.path());
    ASSERT_TRUE(first.ok());
    const auto second = daemon::lock_home(home.path());
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().message.find("another hearthd"), std::string::npos);
}

}  // namespace
}  // namespace hearth::cli
