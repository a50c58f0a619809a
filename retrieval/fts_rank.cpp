#include "retrieval/fts_rank.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

namespace hearth::retrieval {
namespace {

constexpr int kColumns = 3;
constexpr std::size_t kMaxLengths = 16 << 20;  // rows whose length a connection remembers: 64 MiB

/// What stays the same for all rows of one query.
struct QueryStatistics {
    double average_length = 1;
    std::vector<double> idf;          // per phrase
    std::vector<double> frequencies;  // scratch, per phrase
};

/// Of one connection.
struct RankState {
    RankWeights weights;
    std::vector<float> lengths;  // weighted, by row number; 0 = not known yet
};

std::array<double, kColumns> column_weights(const RankWeights& weights) {
    return {weights.title, weights.heading, weights.body};
}

int count_row(const Fts5ExtensionApi*, Fts5Context*, void* counter) {
    ++*static_cast<sqlite3_int64*>(counter);
    return SQLITE_OK;
}

/// The second of the pair that a phrase has among the arguments.
sqlite3_int64 given_count(std::span<sqlite3_value*> arguments, int phrase) {
    const auto at = static_cast<std::size_t>(phrase) * 2 + 1;
    return at < arguments.size() ? sqlite3_value_int64(arguments[at]) : -1;
}

int collect(const Fts5ExtensionApi* api, Fts5Context* context, const RankWeights& weights,
            std::span<sqlite3_value*> arguments, QueryStatistics& out) {
    sqlite3_int64 rows = 0;
    if (const int code = api->xRowCount(context, &rows); code != SQLITE_OK) return code;
    double length = 0;
    const auto by_column = column_weights(weights);
    for (int column = 0; column < kColumns; ++column) {
        sqlite3_int64 tokens = 0;
        const int code = api->xColumnTotalSize(context, column, &tokens);
        if (code != SQLITE_OK) return code;
        length += by_column[static_cast<std::size_t>(column)] * static_cast<double>(tokens);
    }
    out.average_length = rows > 0 ? std::max(length / static_cast<double>(rows), 1.0) : 1.0;
    const int phrases = api->xPhraseCount(context);
    for (int phrase = 0; phrase < phrases; ++phrase) {
        sqlite3_int64 hits = given_count(arguments, phrase);
        if (hits < 0) {
            hits = 0;
            const int code = api->xQueryPhrase(context, phrase, &hits, count_row);
            if (code != SQLITE_OK) return code;
        }
        const double n = static_cast<double>(hits);
        out.idf.push_back(std::log(1 + (static_cast<double>(rows) - n + 0.5) / (n + 0.5)));
    }
    out.frequencies.resize(out.idf.size());
    return SQLITE_OK;
}

template <typename T>
void destroy(void* object) {
    const std::unique_ptr<T> owned(static_cast<T*>(object));
}

/// FTS5 keeps the statistics for the statement and frees them with it.
int statistics_of(const Fts5ExtensionApi* api, Fts5Context* context, const RankWeights& weights,
                  std::span<sqlite3_value*> arguments, QueryStatistics*& out) {
    out = static_cast<QueryStatistics*>(api->xGetAuxdata(context, 0));
    if (out != nullptr) return SQLITE_OK;
    auto fresh = std::make_unique<QueryStatistics>();
    if (const int code = collect(api, context, weights, arguments, *fresh); code != SQLITE_OK) return code;
    out = fresh.get();
    return api->xSetAuxdata(context, fresh.release(), destroy<QueryStatistics>);
}

/// The weighted length of the row: FTS5 looks it up in a table of its own, so it is asked once.
int length_of(const Fts5ExtensionApi* api, Fts5Context* context, RankState& state, double& length) {
    const auto row = static_cast<std::size_t>(api->xRowid(context));
    if (row < state.lengths.size() && state.lengths[row] > 0) {
        length = static_cast<double>(state.lengths[row]);
        return SQLITE_OK;
    }
    const auto by_column = column_weights(state.weights);
    length = 0;
    for (int column = 0; column < kColumns; ++column) {
        int tokens = 0;
        if (const int code = api->xColumnSize(context, column, &tokens); code != SQLITE_OK) return code;
        length += by_column[static_cast<std::size_t>(column)] * tokens;
    }
    if (row >= kMaxLengths) return SQLITE_OK;
    if (row >= state.lengths.size()) state.lengths.resize(std::max(row + 1, 2 * state.lengths.size()));
    state.lengths[row] = static_cast<float>(length);
    return SQLITE_OK;
}

int score_row(const Fts5ExtensionApi* api, Fts5Context* context, RankState& state, std::span<sqlite3_value*> arguments,
              double& score) {
    QueryStatistics* statistics = nullptr;
    const RankWeights& weights = state.weights;
    if (const int code = statistics_of(api, context, weights, arguments, statistics); code != SQLITE_OK) return code;
    const auto by_column = column_weights(weights);
    double length = 0;
    if (const int code = length_of(api, context, state, length); code != SQLITE_OK) return code;
    std::fill(statistics->frequencies.begin(), statistics->frequencies.end(), 0.0);
    int instances = 0;
    if (const int code = api->xInstCount(context, &instances); code != SQLITE_OK) return code;
    for (int i = 0; i < instances; ++i) {
        int phrase = 0;
        int column = 0;
        int offset = 0;
        if (const int code = api->xInst(context, i, &phrase, &column, &offset); code != SQLITE_OK) return code;
        statistics->frequencies[static_cast<std::size_t>(phrase)] += by_column[static_cast<std::size_t>(column)];
    }
    const double norm = weights.k1 * (1 - weights.b + weights.b * length / statistics->average_length);
    score = 0;
    for (std::size_t phrase = 0; phrase < statistics->idf.size(); ++phrase) {
        const double frequency = statistics->frequencies[phrase];
        if (frequency <= 0) continue;
        const double weight = 2 * phrase < arguments.size() ? sqlite3_value_double(arguments[2 * phrase]) : 1;
        score += weight * statistics->idf[phrase] * frequency * (weights.k1 + 1) / (frequency + norm);
    }
    return SQLITE_OK;
}

void rank(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* result, int count,
          sqlite3_value** values) {
    auto& state = *static_cast<RankState*>(api->xUserData(context));
    double score = 0;
    // Nothing may be thrown through SQLite's C frames.
    try {
        const int code = score_row(api, context, state, {values, static_cast<std::size_t>(count)}, score);
        if (code != SQLITE_OK) return sqlite3_result_error_code(result, code);
    } catch (const std::bad_alloc&) {
        return sqlite3_result_error_nomem(result);
    }
    sqlite3_result_double(result, score);
}

fts5_api* fts5_of(sqlite3* database) {
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", nullptr);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return api;
}

}  // namespace

Status register_rank_function(Database& database, const RankWeights& weights) {
    fts5_api* api = fts5_of(database.handle());
    if (api == nullptr || api->iVersion < 2) {
        return Error(ErrorCode::kUnsupported, "this SQLite was built without FTS5; use the distribution's libsqlite3");
    }
    auto owned = std::make_unique<RankState>(RankState{weights, {}});
    if (api->xCreateFunction(api, "hearth_rank", owned.get(), rank, destroy<RankState>) != SQLITE_OK) {
        return Error(ErrorCode::kInternal, "could not register the ranking function with SQLite");
    }
    (void)owned.release();  // SQLite frees it with the connection
    return {};
}

}  // namespace hearth::retrieval
