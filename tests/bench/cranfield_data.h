// The Cranfield 1400 collection: abstracts, questions and graded judgements, and the measures over them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace hearth::bench {

struct Abstract {
    int number = 0;  ///< from 1
    std::string title;
    std::string body;
};

struct Cranfield {
    std::vector<Abstract> abstracts;
    std::vector<std::string> queries;          ///< in file order; judgements count from 1 in that order
    std::vector<std::map<int, double>> gains;  ///< per query: abstract number -> 4, 3, 2, 1 for grades 1 to 4
};

/// Reads cran.all.1400, cran.qry and cranqrel from `directory`.
Result<Cranfield> load_cranfield(const std::string& directory);

/// Normalised discounted cumulative gain of the first `depth` of `ranking` (abstract numbers, best first).
double ndcg(const std::vector<int>& ranking, const std::map<int, double>& gains, std::size_t depth);
/// Share of the abstracts with any gain among the first `depth`.
double recall(const std::vector<int>& ranking, const std::map<int, double>& gains, std::size_t depth);

}  // namespace hearth::bench
