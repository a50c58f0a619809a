// How good a search is on questions whose answers are known: what `hearth eval` computes, without the asking.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"

namespace hearth::cli {

/// A line of the question file: {"question": "...", "file": "hr/leave.md" or ["a.md", "b.md"], "passage": "its words"}.
struct EvalQuestion {
    std::size_t line = 0;  ///< from 1
    std::string question;
    std::vector<std::string> files;  ///< a path, or its end from a '/' on; empty: any file
    std::string passage;             ///< words that the right passage holds; empty: any passage of the file
};

/// JSON lines; empty ones are skipped. kInvalidArgument names every bad line by its number and what is wrong with it.
Result<std::vector<EvalQuestion>> parse_eval_questions(std::string_view text);

constexpr const char* kRetrievers[] = {"bm25", "dense", "hybrid"};

/// What one retriever did with one question.
struct EvalOutcome {
    std::vector<std::size_t> ranks;  ///< where the sought was found, from 1, ascending
    std::size_t sought = 1;          ///< files, or the one passage
};

/// `results` are those of /v1/search, best first. BM25's and the vectors' lists are the results that each found itself,
/// in the order of its own score; the hybrid's is the results as they are. Where no passage is asked for, the list is
/// one of files: each where its first passage stands.
EvalOutcome judge(const EvalQuestion& question, const nlohmann::json& results, std::string_view retriever);

struct EvalFigures {
    double recall = 0;           ///< share of the sought within the first k, mean of the questions
    double ndcg10 = 0;           ///< gains of 1
    double reciprocal_rank = 0;  ///< of the first found
};

/// `outcomes` is not empty.
EvalFigures figures_of(const std::vector<EvalOutcome>& outcomes, std::size_t k);

}  // namespace hearth::cli
