#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "llm/bench.h"
#include "llm/engine.h"
#include "llm/model_loader.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kContextTokens = 3072;
constexpr int kSharedContextTokens = 2000;
constexpr int kStreams = 8;
constexpr int kStreamTokens = 48;
constexpr int kVerifyTokens = 4;
constexpr int kVerifySteps = 24;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

GenerateRequest ask(std::string text, int max_tokens) {
    GenerateRequest request;
    request.messages.push_back({.role = Role::kUser, .content = std::move(text)});
    request.max_tokens = max_tokens;
    return request;
}

/// Sentences no two of which are alike.
std::string report(int sentences) {
    static constexpr const char* kThings[] = {"pump", "valve", "boiler", "sensor", "filter", "motor", "relay"};
    static constexpr const char* kPlaces[] = {"north hall", "cellar", "attic", "workshop", "garden shed"};
    std::string out;
    for (int i = 0; i < sentences; ++i) {
        out += "Entry " + std::to_string(100 + 7 * i) + ": the " + kThings[i % 7] + " in the " + kPlaces[i % 5] +
               " was inspected on day " + std::to_string(3 * i + 1) + " and showed " +
               std::to_string(20 + i * 13 % 71) + " hours of use.\n";
    }
    return out;
}

Result<double> time_to_first_text(TextModel& model, const GenerateRequest& request) {
    const auto start = Clock::now();
    double first = 0;
    const auto sink = [&](std::string_view) {
        first = seconds_since(start);
        return false;
    };
    HEARTH_TRY([[maybe_unused]] const Completion done, model.generate(request, sink, {}));
    return first;
}

Result<double> answers_per_second(TextModel& model, int streams) {
    std::vector<Result<Completion>> done(static_cast<std::size_t>(streams), Completion());
    const auto start = Clock::now();
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < streams; ++i) {
            callers.emplace_back([&, i] {
                GenerateRequest request =
                    ask("Tell me the long story number " + std::to_string(i + 1) + ".", kStreamTokens);
                request.prompt_lookup = false;
                done[static_cast<std::size_t>(i)] = model.generate(request, {}, {});
            });
        }
    }
    const double seconds = seconds_since(start);
    int tokens = 0;
    for (auto& one : done) {
        if (!one.ok()) return std::move(one).error();
        tokens += one->usage.completion_tokens;
    }
    return tokens / seconds;
}

Status measure_parallel(TextModel& model, ServingBenchResult& result) {
    HEARTH_TRY([[maybe_unused]] const double warm, answers_per_second(model, kStreams));  // prompts are known then
    HEARTH_TRY(const double together, answers_per_second(model, kStreams));
    HEARTH_TRY(const double alone, answers_per_second(model, 1));
    result.parallel_speedup = together / alone;
    return {};
}

Status measure_lookup(TextModel& model, ServingBenchResult& result) {
    GenerateRequest request = ask("Repeat this list word for word, all of it:\n" + report(8), 220);
    request.prompt_lookup = false;
    HEARTH_TRY([[maybe_unused]] const Completion warm, model.generate(request, {}, {}));
    HEARTH_TRY(const Completion plain, model.generate(request, {}, {}));
    request.prompt_lookup = true;
    HEARTH_TRY(const Completion guessed, model.generate(request, {}, {}));
    result.lookup_speedup = plain.usage.decode_seconds / guessed.usage.decode_seconds;
    result.lookup_acceptance =
        guessed.usage.accepted_draft_tokens / std::max(1.0, static_cast<double>(guessed.usage.draft_tokens));
    result.lookup_same_text = plain.text == guessed.text;
    return {};
}

Status measure_second_question(TextModel& model, ServingBenchResult& result) {
    std::string context;
    for (int sentences = 20; sentences < 400; sentences += 4) {
        context = report(sentences);
        HEARTH_TRY(const int tokens, model.count_prompt_tokens(ask(context, 1)));
        if (tokens >= kSharedContextTokens) break;
    }
    HEARTH_TRY(const double first, time_to_first_text(model, ask(context + "\nWhich entry is the last?", 4)));
    HEARTH_TRY(const double second, time_to_first_text(model, ask(context + "\nWhere is the pump?", 4)));
    result.second_question_ratio = second / first;
    return {};
}

/// Seconds of a step over `tokens` tokens that follow 64 others.
Result<double> time_steps(LoadedModel& model, int tokens, std::vector<float>& logits) {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 64; ++i) ids.push_back((i * 7919 + 1000) % model.info.vocabulary_size);
    KvSequence sequence(*model.kv_pool);
    if (!sequence.reserve(64 + tokens))
        return Error(ErrorCode::kResourceExhausted, "the KV cache is too small for the benchmark");
    model.decoder->forward(ids, sequence, {}, {}, Phase::kPrefill);
    const std::span<float> rows =
        std::span(logits).first(static_cast<std::size_t>(tokens * model.info.vocabulary_size));
    std::vector<double> seconds;
    for (int i = 0; i < kVerifySteps; ++i) {
        const SequenceStep steps[] = {{&sequence, std::span(ids).first(static_cast<std::size_t>(tokens)), tokens}};
        if (!sequence.reserve(tokens))
            return Error(ErrorCode::kResourceExhausted, "the KV cache is too small for the benchmark");
        const auto start = Clock::now();
        model.decoder->forward(steps, rows, {});
        seconds.push_back(seconds_since(start));
        sequence.truncate(64);
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
}

Result<double> measure_verify_ratio(const EngineOptions& options, MemoryLedger& ledger) {
    HEARTH_TRY(const std::unique_ptr<LoadedModel> model, load_model(options, ledger, {}));
    std::vector<float> logits(static_cast<std::size_t>(kVerifyTokens * model->info.vocabulary_size));
    HEARTH_TRY([[maybe_unused]] const double warm, time_steps(*model, 1, logits));
    HEARTH_TRY(const double several, time_steps(*model, kVerifyTokens, logits));
    HEARTH_TRY(const double one, time_steps(*model, 1, logits));
    return several / one;
}

}  // namespace

Result<ServingBenchResult> run_serving_bench(const BenchOptions& options, MemoryLedger& ledger) {
    EngineOptions engine;
    engine.model_path = options.model_path;
    engine.context_tokens = kContextTokens;
    engine.threads = options.threads;
    engine.kv_bits = options.kv_bits;
    engine.reference = options.reference;
    ServingBenchResult result;
    HEARTH_TRY(result.verify_step_ratio, measure_verify_ratio(engine, ledger));
    const auto start = Clock::now();
    HEARTH_TRY(const std::unique_ptr<TextModel> model, open_text_model(engine, ledger));
    if (model->info().context_tokens < kSharedContextTokens + 500) {
        return Error(ErrorCode::kInvalidArgument,
                     "the model's context of " + std::to_string(model->info().context_tokens) + " tokens is too short");
    }
    HEARTH_TRY([[maybe_unused]] const double first, time_to_first_text(*model, ask("Hello", 4)));
    result.load_seconds = seconds_since(start);
    result.isa = model->info().isa;
    result.threads = model->info().threads;
    HEARTH_TRY_STATUS(measure_parallel(*model, result));
    HEARTH_TRY_STATUS(measure_lookup(*model, result));
    HEARTH_TRY_STATUS(measure_second_question(*model, result));
    return result;
}

}  // namespace hearth::llm
