#include "daemon/cli/eval.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/json.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxQuestions = 100'000;
constexpr std::size_t kMaxLineBytes = 64 << 10;
constexpr std::size_t kMaxQuestionBytes = 2000;  // it travels in a request line
constexpr std::size_t kMaxComplaints = 20;

Status take_text(const json& object, const char* key, std::string& out) {
    const auto field = object.find(key);
    if (field == object.end() || field->is_null()) return {};
    if (!field->is_string()) return Error(ErrorCode::kInvalidArgument, '"' + std::string(key) + "\" must be a text");
    out = field->get<std::string>();
    return {};
}

Status take_files(const json& object, std::vector<std::string>& out) {
    const auto field = object.find("file");
    if (field == object.end() || field->is_null()) return {};
    const json list = field->is_array() ? *field : json::array({*field});
    for (const json& file : list) {
        if (!file.is_string() || file.get_ref<const std::string&>().empty()) {
            return Error(ErrorCode::kInvalidArgument, "\"file\" must be a path, or a list of paths");
        }
        out.push_back(file.get<std::string>());
    }
    return {};
}

Result<EvalQuestion> parse_line(std::string_view line) {
    HEARTH_TRY(const json object, parse_json(line, {.bytes = kMaxLineBytes, .depth = 8}));
    if (!object.is_object()) return Error(ErrorCode::kInvalidArgument, "it must be a JSON object");
    for (const auto& [key, value] : object.items()) {
        if (key == "question" || key == "file" || key == "passage") continue;
        return Error(ErrorCode::kInvalidArgument,
                     '"' + key.substr(0, 40) + "\" is not known; known are question, file and passage");
    }
    EvalQuestion out;
    HEARTH_TRY_STATUS(take_text(object, "question", out.question));
    HEARTH_TRY_STATUS(take_text(object, "passage", out.passage));
    HEARTH_TRY_STATUS(take_files(object, out.files));
    if (out.question.find_first_not_of(" \t\r\n") == std::string::npos) {
        return Error(ErrorCode::kInvalidArgument, "\"question\" is missing");
    }
    if (out.question.size() > kMaxQuestionBytes) {
        return Error(ErrorCode::kInvalidArgument,
                     "the question is longer than " + std::to_string(kMaxQuestionBytes) + " bytes");
    }
    if (out.files.empty() && out.passage.empty()) {
        return Error(ErrorCode::kInvalidArgument, "say where the answer is: \"file\", \"passage\" or both");
    }
    return out;
}

/// Lower case where ASCII, runs of white space as one space: a passage is the same however its lines break.
std::string flattened(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool is_file(const std::string& wanted, const std::string& path) {
    return path == wanted || path.ends_with('/' + wanted);
}

std::string path_of(const json& result) {
    return result.value("/document/path"_json_pointer, std::string());
}

/// Pointers into `results`, in the order of the retriever.
std::vector<const json*> ranking(const json& results, std::string_view retriever) {
    const bool as_given = retriever == "hybrid";
    std::vector<std::pair<double, const json*>> scored;
    for (const json& result : results) {
        const json& scores = result.at("scores");
        if (as_given) scored.emplace_back(0, &result);
        const auto score = as_given ? scores.end() : scores.find(std::string(retriever));
        if (score != scores.end() && score->is_number()) scored.emplace_back(score->get<double>(), &result);
    }
    std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<const json*> out;
    for (const auto& [score, result] : scored) out.push_back(result);
    return out;
}

EvalOutcome judge_passage(const EvalQuestion& question, const std::vector<const json*>& ranking) {
    const std::string wanted = flattened(question.passage);
    for (std::size_t i = 0; i < ranking.size(); ++i) {
        const std::string path = path_of(*ranking[i]);
        const bool here =
            question.files.empty() || std::any_of(question.files.begin(), question.files.end(),
                                                  [&](const std::string& file) { return is_file(file, path); });
        if (here && flattened(ranking[i]->value("text", "")).find(wanted) != std::string::npos) return {{i + 1}, 1};
    }
    return {{}, 1};
}

EvalOutcome judge_files(const EvalQuestion& question, const std::vector<const json*>& ranking) {
    EvalOutcome outcome{{}, question.files.size()};
    std::vector<std::string> left = question.files;
    std::vector<std::string> seen;
    for (const json* result : ranking) {
        const std::string path = path_of(*result);
        if (std::find(seen.begin(), seen.end(), path) != seen.end()) continue;
        seen.push_back(path);
        const auto found =
            std::find_if(left.begin(), left.end(), [&](const std::string& file) { return is_file(file, path); });
        if (found == left.end()) continue;
        left.erase(found);
        outcome.ranks.push_back(seen.size());
    }
    return outcome;
}

}  // namespace

Result<std::vector<EvalQuestion>> parse_eval_questions(std::string_view text) {
    std::vector<EvalQuestion> questions;
    std::string complaints;
    std::size_t bad = 0;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        auto question = parse_line(line);
        if (!question.ok()) {
            if (++bad <= kMaxComplaints)
                complaints += "\n  line " + std::to_string(number) + ": " + question.error().message;
            continue;
        }
        question->line = number;
        questions.push_back(*std::move(question));
        if (questions.size() > kMaxQuestions) {
            return Error(ErrorCode::kInvalidArgument,
                         "more than " + std::to_string(kMaxQuestions) + " questions; split the file");
        }
    }
    if (bad > 0) return Error(ErrorCode::kInvalidArgument, std::to_string(bad) + " bad lines:" + complaints);
    if (questions.empty()) {
        return Error(ErrorCode::kInvalidArgument,
                     "no question in it; a line is {\"question\": \"...\", \"file\": \"hr/leave.md\"}");
    }
    return questions;
}

EvalOutcome judge(const EvalQuestion& question, const json& results, std::string_view retriever) {
    const std::vector<const json*> ranked = ranking(results, retriever);
    return question.passage.empty() ? judge_files(question, ranked) : judge_passage(question, ranked);
}

EvalFigures figures_of(const std::vector<EvalOutcome>& outcomes, std::size_t k) {
    const auto gain = [](std::size_t rank) { return 1 / std::log2(1 + static_cast<double>(rank)); };
    EvalFigures sums;
    for (const EvalOutcome& outcome : outcomes) {
        double found = 0;
        double gained = 0;
        double ideal = 0;
        for (const std::size_t rank : outcome.ranks) {
            if (rank <= k) ++found;
            if (rank <= 10) gained += gain(rank);
        }
        for (std::size_t rank = 1; rank <= std::min<std::size_t>(outcome.sought, 10); ++rank) ideal += gain(rank);
        sums.recall += found / static_cast<double>(outcome.sought);
        sums.ndcg10 += gained / ideal;
        if (!outcome.ranks.empty()) sums.reciprocal_rank += 1 / static_cast<double>(outcome.ranks.front());
    }
    const auto count = static_cast<double>(outcomes.size());
    return {sums.recall / count, sums.ndcg10 / count, sums.reciprocal_rank / count};
}

}  // namespace hearth::cli
