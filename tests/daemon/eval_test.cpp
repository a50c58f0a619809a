// The question file's lines, the ranks, and the figures by hand.
#include "daemon/cli/eval.h"

#include <gtest/gtest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "daemon/cli/commands.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

json result(const std::string& path, const std::string& text, const json& bm25, const json& dense, double fused) {
    return {{"document", {{"path", path}}},
            {"text", text},
            {"scores", {{"bm25", bm25}, {"dense", dense}, {"fused", fused}}}};
}

const json kResults = json::array({result("hr/leave.md", "Parents get\n twenty  days.", 2.0, 0.5, 0.03),
                                   result("hr/leave.md", "Apply early.", 1.0, 0.9, 0.02),
                                   result("it/vpn.md", "Twenty days of logs.", nullptr, 0.8, 0.01),
                                   result("old/leave.md", "Ten days.", 3.0, nullptr, 0.005)});

std::vector<std::size_t> ranks(const EvalQuestion& question, const char* retriever) {
    return judge(question, kResults, retriever).ranks;
}

using Ranks = std::vector<std::size_t>;

TEST(Eval, LinesAreRead) {
    const auto questions = parse_eval_questions(
        "{\"question\": \"a\", \"file\": \"x.md\"}\n\n"
        "{\"question\": \"b\", \"file\": [\"x\", \"y\"], \"passage\": null}\r\n"
        "{\"question\": \"c\", \"passage\": \"words\"}");
    ASSERT_TRUE(questions.ok()) << questions.error().message;
    ASSERT_EQ(questions->size(), 3u);
    EXPECT_EQ((*questions)[1].line, 3u);
    EXPECT_EQ((*questions)[1].files, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ((*questions)[2].passage, "words");
}

TEST(Eval, EveryBadLineIsNamedByItsNumber) {
    const auto message = [](const std::string& text) { return parse_eval_questions(text).error().message; };
    const std::string all = message(
        "{\"question\": \"a\", \"file\": \"x\"}\nnot json\n[1]\n{\"question\": \" \", \"file\": \"x\"}\n"
        "{\"question\": \"a\"}\n{\"question\": \"a\", \"file\": 3}\n"
        "{\"question\": \"a\", \"files\": \"x\"}\n");
    EXPECT_EQ(all.find("line 1:"), std::string::npos);
    for (int line = 2; line <= 7; ++line) {
        EXPECT_NE(all.find("line " + std::to_string(line) + ":"), std::string::npos) << line << " in " << all;
    }
    EXPECT_NE(all.find("\"files\" is not known"), std::string::npos);
    EXPECT_NE(message("\n \n").find("no question"), std::string::npos);
    EXPECT_NE(message("{\"question\": \"" + std::string(2001, 'a') + "\", \"file\": \"x\"}").find("2000"),
              std::string::npos);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "x\n";
    EXPECT_NE(message(many).find("1000 bad lines"), std::string::npos);
    EXPECT_LT(message(many).size(), 5000u);
}

TEST(Eval, FilesRankWhereTheirFirstPassageStands) {
    const EvalQuestion question{1, "q", {"vpn.md"}, ""};
    EXPECT_EQ(ranks(question, "hybrid"), Ranks{2}) << "two passages of one file are one place";
    EXPECT_EQ(ranks(question, "dense"), Ranks{2});
    EXPECT_EQ(ranks(question, "bm25"), Ranks{}) << "it has no score there";
    EXPECT_EQ(ranks({1, "q", {"hr/leave.md", "vpn.md"}, ""}, "hybrid"), (Ranks{1, 2}));
    EXPECT_EQ(ranks({1, "q", {"eave.md"}, ""}, "hybrid"), Ranks{}) << "the end of a path starts behind a slash";
    EXPECT_EQ(ranks({1, "q", {"leave.md", "leave.md"}, ""}, "bm25"), (Ranks{1, 2})) << "each file is found once";
}

TEST(Eval, PassagesRankWhereTheirWordsStand) {
    EXPECT_EQ(ranks({1, "q", {}, "twenty days"}, "hybrid"), Ranks{1}) << "across the line break, in any case";
    EXPECT_EQ(ranks({1, "q", {}, "Twenty  days"}, "dense"), Ranks{2});
    EXPECT_EQ(ranks({1, "q", {"it/vpn.md"}, "twenty days"}, "hybrid"), Ranks{3});
    EXPECT_EQ(ranks({1, "q", {"none.md"}, "twenty days"}, "hybrid"), Ranks{});
}

TEST(Eval, FiguresAreTheTextbooks) {
    const EvalFigures figures = figures_of({{{1, 3}, 2}, {{12}, 1}, {{}, 1}}, 2);
    EXPECT_NEAR(figures.recall, (0.5 + 0 + 0) / 3, 1e-12);
    const double third = 1 / std::log2(4.0);
    EXPECT_NEAR(figures.ndcg10, (1 + third) / (1 + 1 / std::log2(3.0)) / 3, 1e-12);
    EXPECT_NEAR(figures.reciprocal_rank, (1 + 1.0 / 12) / 3, 1e-12);
}

TEST(Eval, AsksTheServerAndPrintsTheThreeSideBySide) {
    const test::TempDir folder;
    const std::string file = folder.path("questions.jsonl");
    ASSERT_TRUE(atomic_write_file(file, "{\"question\": \"days\", \"file\": \"vpn.md\"}\n").ok());
    const test::FaultServer server(json{{"results", kResults}}.dump(), {test::Fault::kNone, test::Fault::kNone});
    const std::string url = server.url();
    const Client client({.url = url.substr(0, url.rfind('/')), .api_key = {}});
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_eval(client, {.file = file, .k = 1}, {}), 0);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_NE(text.find("recall@1"), std::string::npos) << text;
    EXPECT_NE(text.find("line 1: days"), std::string::npos) << "second is not among the first one: " << text;
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_eval(client, {.file = file}, {.json = true}), 0);
    const json report = json::parse(testing::internal::GetCapturedStdout());
    EXPECT_EQ(report["retrievers"]["hybrid"]["mrr"], 0.5);
    EXPECT_EQ(report["questions"][0]["ranks"]["bm25"], json::array());
    testing::internal::CaptureStdout();
    EXPECT_EQ(run_eval(client, {.file = folder.path("none")}, {.json = true}), 2);
    EXPECT_TRUE(json::parse(testing::internal::GetCapturedStdout()).contains("error"));
}

}  // namespace
}  // namespace hearth::cli
