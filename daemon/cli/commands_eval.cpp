// `hearth eval`: the search's quality on a file of questions, part by part.
#include <algorithm>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/eval.h"
#include "daemon/cli/print.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 64 << 20;
constexpr std::size_t kShownMisses = 10;

/// Of each retriever, in the order of the questions.
using Outcomes = std::map<std::string, std::vector<EvalOutcome>>;

Result<Outcomes> ask_all(const Client& client, const EvalArguments& arguments,
                         const std::vector<EvalQuestion>& questions) {
    Outcomes outcomes;
    for (const EvalQuestion& question : questions) {
        Query query{{"q", question.question}, {"k", "200"}};
        if (!arguments.collection.empty()) query.emplace("collection", arguments.collection);
        const auto reply = client.get("/v1/search", query);
        if (!reply.ok()) {
            return Error(reply.error().code, "line " + std::to_string(question.line) + ": " + reply.error().message);
        }
        const json results = reply->value("results", json::array());
        for (const char* retriever : kRetrievers) outcomes[retriever].push_back(judge(question, results, retriever));
    }
    return outcomes;
}

bool found_within(const EvalOutcome& outcome, std::size_t k) {
    return !outcome.ranks.empty() && outcome.ranks.front() <= k;
}

json report_of(const std::vector<EvalQuestion>& questions, const Outcomes& outcomes, std::size_t k) {
    json retrievers = json::object();
    for (const auto& [name, list] : outcomes) {
        const EvalFigures figures = figures_of(list, k);
        retrievers[name] = {
            {"recall", figures.recall}, {"ndcg_at_10", figures.ndcg10}, {"mrr", figures.reciprocal_rank}};
    }
    json rows = json::array();
    for (std::size_t i = 0; i < questions.size(); ++i) {
        json row{{"line", questions[i].line}, {"question", questions[i].question}};
        for (const auto& [name, list] : outcomes) row["ranks"][name] = list[i].ranks;
        rows.push_back(std::move(row));
    }
    return {{"k", k}, {"retrievers", std::move(retrievers)}, {"questions", std::move(rows)}};
}

void print_table(const std::vector<EvalQuestion>& questions, const Outcomes& outcomes, std::size_t k) {
    char line[96];
    std::snprintf(line, sizeof line, "%zu questions    recall@%-4zu nDCG@10      MRR", questions.size(), k);
    print_line(line);
    for (const char* name : kRetrievers) {
        const EvalFigures figures = figures_of(outcomes.at(name), k);
        std::snprintf(line, sizeof line, "  %-12s %12.3f %8.3f %8.3f", name, figures.recall, figures.ndcg10,
                      figures.reciprocal_rank);
        print_line(line);
    }
    const std::vector<EvalOutcome>& hybrid = outcomes.at("hybrid");
    std::size_t misses = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        if (found_within(hybrid[i], k) || ++misses > kShownMisses) continue;
        if (misses == 1) print_line("not among the first " + std::to_string(k) + " of hybrid");
        print_line("  line " + std::to_string(questions[i].line) + ": " + one_line(questions[i].question, 100));
    }
    if (misses > kShownMisses) print_line("  and " + std::to_string(misses - kShownMisses) + " more");
}

}  // namespace

int run_eval(const Client& client, const EvalArguments& arguments, const Output& output) {
    const auto text = read_file(arguments.file, kMaxFileBytes);
    if (!text.ok()) return report(text.error(), output);
    const auto questions = parse_eval_questions(*text);
    if (!questions.ok()) {
        return report(Error(questions.error().code, arguments.file + ": " + questions.error().message), output);
    }
    const auto outcomes = ask_all(client, arguments, *questions);
    if (!outcomes.ok()) return report(outcomes.error(), output);
    const auto k = static_cast<std::size_t>(arguments.k);
    if (output.json) {
        print_json(report_of(*questions, *outcomes, k));
    } else {
        print_table(*questions, *outcomes, k);
    }
    return 0;
}

}  // namespace hearth::cli
