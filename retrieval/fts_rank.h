// BM25 over the three columns of the full-text index, as an FTS5 ranking function. fts_*.cpp are, beside
// core/sqlite*.cpp, the only files that include sqlite3.h: FTS5 hands its extension interface out no other way.
#pragma once

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth::retrieval {

/// BM25 as Lucene computes it (idf never negative), with term frequencies of the columns added up under weights
/// before saturation (BM25F). FTS5's own bm25() has k1 = 1.2, b = 0.75 built in and saturates per column weight sum.
struct RankWeights {
    double k1 = 0.9;
    double b = 0.4;
    double title = 1.0;
    double heading = 1.0;
    double body = 1.0;
};

/// Makes `hearth_rank` usable on this connection: SELECT hearth_rank(chunk_text, 1, -1, 0.5, 17) ... MATCH ?. The
/// arguments are a pair for each phrase of the expression, in their order: its weight, and how many rows have it, or -1
/// to have them counted, which reads all of them. Without arguments every phrase weighs 1 and is counted. The
/// connection remembers the lengths of rows, so a row number must not come to mean another text.
Status register_rank_function(Database& database, const RankWeights& weights = {});

}  // namespace hearth::retrieval
