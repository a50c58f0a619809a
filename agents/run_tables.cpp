// The part of a run that answers by computing over tables: the model writes SQL, SQLite computes, and the result is
// shown as it is with the statement that made it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agents/run.h"
#include "agents/sources.h"
#include "agents/table_question.h"
#include "core/json.h"

namespace hearth::agents {
namespace {

constexpr std::size_t kTablesShown = 4;
constexpr std::int64_t kSampledRows = 200'000;  // of a larger table nothing is read beforehand
constexpr int kAttempts = 2;
constexpr int kSqlTokens = 200;

}  // namespace

/// Of the documents of the passages, those of the nearest first; none when that one has none that is asked about.
std::vector<retrieval::TableInfo> Run::tables_near() const {
    std::vector<std::string> documents;
    if (!evidence_.sentences.empty()) documents.push_back(passages_[evidence_.sentences.front().passage].document.id);
    for (const retrieval::Hit& passage : passages_) documents.push_back(passage.document.id);
    const auto all = parts_.corpus.tables({request_.collection, request_.path, request_.type});
    std::vector<retrieval::TableInfo> near;
    if (!all.ok()) return near;
    for (const std::string& document : documents) {
        for (const retrieval::TableInfo& table : *all) {
            const bool known =
                std::any_of(near.begin(), near.end(), [&](const auto& t) { return t.name == table.name; });
            if (table.document.id != document || table.too_large || known || near.size() == kTablesShown) continue;
            if (is_about(conversation_.question, table)) near.push_back(table);
        }
        if (near.empty()) return near;
    }
    return near;
}

/// The statement that answers the question, with what came out; nothing when the model finds none.
Result<std::optional<Run::TableResult>> Run::compute(const std::vector<retrieval::TableInfo>& tables) {
    const retrieval::TableScope scope{request_.collection, request_.path, request_.type};
    std::vector<SampledTable> sampled;
    for (const retrieval::TableInfo& table : tables) {
        sampled.push_back({table, {}});
        if (table.rows > kSampledRows) continue;
        auto rows = parts_.corpus.query_tables("SELECT * FROM " + table.name + " LIMIT 100", scope);
        if (rows.ok()) sampled.back().rows = std::move(rows->rows);
    }
    llm::GenerateRequest request;
    request.messages = sql_messages(conversation_.question, sampled);
    request.json_schema = std::string(kSqlReplySchema);
    request.max_tokens = kSqlTokens;
    for (int attempt = 1; attempt <= kAttempts && !stopped() && !over_time(); ++attempt) {
        const auto sink = [this](std::string_view) { return !stopped() && !over_time(); };
        HEARTH_TRY(const llm::Completion step, parts_.model.generate(request, sink, cancel_));
        add_usage(step.usage);
        const std::string sql = sql_of_reply(step.text);
        std::string objection = sql.empty() ? "there is no SQL" : objection_to(sql, conversation_.question, sampled);
        if (objection.empty()) {
            ToolResult result = run_call({"call_" + std::to_string(attempt), "query_table", dump_json({{"sql", sql}})});
            if (!result.failed && !says_something(result.rows)) break;  // a filter that fits nothing gives that, too
            if (!result.failed) return std::optional(TableResult{sql, std::move(result.rows)});
            objection = result.text;
        }
        request.messages.push_back({llm::Role::kAssistant, step.text, {}, {}, {}});
        request.messages.push_back({llm::Role::kUser, "That is wrong: " + objection + ". Write it again.", {}, {}, {}});
    }
    return std::optional<TableResult>();
}

/// False, and nothing is changed but the traces, when the question asks for nothing that can be computed over the
/// tables that are near it, or the model finds no statement for it.
Result<bool> Run::answer_from_tables() {
    const bool wanted = parts_.options.tools == ToolOffer::kWhenAsked && conversation_.instructions.empty() &&
                        asks_to_compute(conversation_.question);
    if (!wanted) return false;
    const std::vector<retrieval::TableInfo> tables = tables_near();
    if (tables.empty()) return false;
    send(StepEvent{"asking the tables"});
    std::vector<Source> passages = std::exchange(answer_.sources, {});
    const bool found = std::exchange(answer_.found, false);
    HEARTH_TRY(const std::optional<TableResult> result, compute(tables));
    if (!result) {
        answer_.sources = std::move(passages);
        answer_.found = found;
        return false;
    }
    answer_.gate_score = 1;
    rebuild_writer();
    send(SourcesEvent{answer_.sources, answer_.found});
    std::vector<int> marks;
    for (const Source& source : answer_.sources) marks.push_back(source.number);
    answer_.text = table_answer(result->rows, result->sql, marks, answer_.citations);
    deliver(answer_.text);
    HEARTH_TRY_STATUS(quote_sources(answer_.sources, answer_.text, answer_.citations, conversation_.question, *support_,
                                    parts_.corpus));
    if (stopped()) answer_.finish_reason = llm::FinishReason::kCancelled;
    answer_.timings.total_seconds = seconds_since_start();
    return true;
}

}  // namespace hearth::agents
