// What a model needs and how fast it is on this machine: plan and bench. They run without a daemon.
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/memory_ledger.h"
#include "daemon/catalog.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"
#include "llm/bench.h"
#include "llm/plan.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

void print_plan_json(const llm::ModelPlan& plan, std::size_t budget, const std::optional<llm::BenchResult>& achieved) {
    json out{{"model", plan.id},
             {"architecture", plan.architecture},
             {"isa", plan.isa},
             {"threads", plan.threads},
             {"context_tokens", plan.context_tokens},
             {"trained_context_tokens", plan.trained_context_tokens},
             {"kv_tokens", plan.kv_tokens},
             {"weight_bytes", plan.weight_bytes},
             {"kv_bytes", plan.kv_bytes},
             {"kv_bytes_per_token", plan.kv_bytes_per_token},
             {"scratch_bytes", plan.scratch_bytes},
             {"total_bytes", plan.total_bytes()},
             {"available_bytes", budget},
             {"fits", plan.total_bytes() <= budget},
             {"read_bandwidth_bytes_per_second", plan.read_bandwidth_bytes_per_second},
             {"predicted_prefill_tokens_per_second", plan.predicted_prefill_tokens_per_second},
             {"predicted_decode_tokens_per_second", plan.predicted_decode_tokens_per_second}};
    if (achieved) {
        out["achieved_prefill_tokens_per_second"] = achieved->prefill_tokens_per_second;
        out["achieved_decode_tokens_per_second"] = achieved->decode_tokens_per_second;
    }
    print_json(out);
}

void print_plan_text(const llm::ModelPlan& plan, std::size_t budget, const std::optional<llm::BenchResult>& achieved) {
    const auto bytes = [](std::size_t value) { return human_bytes(static_cast<double>(value)); };
    print_line(plan.id + "  " + plan.architecture + "  " + std::to_string(plan.threads) + " threads  " + plan.isa);
    print_line("  weights   " + bytes(plan.weight_bytes));
    print_line("  KV cache  " + bytes(plan.kv_bytes) + " for " + std::to_string(plan.kv_tokens) + " tokens (" +
               bytes(plan.kv_bytes_per_token) + " each); context " + std::to_string(plan.context_tokens) + " of " +
               std::to_string(plan.trained_context_tokens) + " trained");
    print_line("  scratch   " + bytes(plan.scratch_bytes));
    print_line("  together  " + bytes(plan.total_bytes()) + " of " + bytes(budget) + " available: " +
               (plan.total_bytes() <= budget ? "fits" : "does NOT fit; a smaller --context or model would"));
    char speeds[256];
    std::snprintf(speeds, sizeof speeds, "  predicted %.0f tok/s prefill, %.1f tok/s decode (memory reads %.1f GB/s)",
                  plan.predicted_prefill_tokens_per_second, plan.predicted_decode_tokens_per_second,
                  plan.read_bandwidth_bytes_per_second / 1e9);
    print_line(speeds);
    if (!achieved) return;
    std::snprintf(speeds, sizeof speeds, "  achieved  %.0f tok/s prefill, %.1f tok/s decode",
                  achieved->prefill_tokens_per_second, achieved->decode_tokens_per_second);
    print_line(speeds);
}

int run_serving_bench(const BenchArguments& arguments, const Output& output) {
    MemoryLedger ledger(available_memory_bytes());
    const auto figures = llm::run_serving_bench(
        {.model_path = arguments.model, .threads = arguments.threads, .kv_bits = arguments.kv_bits}, ledger);
    if (!figures.ok()) return report(figures.error(), output);
    const std::string model = std::filesystem::path(arguments.model).filename().string();
    if (output.json) {
        print_json({{"model", model},
                    {"threads", figures->threads},
                    {"isa", figures->isa},
                    {"load_seconds", figures->load_seconds},
                    {"verify_step_ratio", figures->verify_step_ratio},
                    {"parallel_speedup", figures->parallel_speedup},
                    {"lookup_speedup", figures->lookup_speedup},
                    {"lookup_acceptance", figures->lookup_acceptance},
                    {"lookup_same_text", figures->lookup_same_text},
                    {"second_question_ratio", figures->second_question_ratio}});
        return 0;
    }
    char text[640];
    std::snprintf(text, sizeof text,
                  "%s  %d threads  %s\n"
                  "  file to first token          %.2f s\n"
                  "  a step over 4 tokens / 1     %.2f\n"
                  "  8 answers together / one     %.2f x the tokens per second\n"
                  "  an answer that repeats text  %.2f x with prompt lookup (%.0f %% of guesses hold, %s)\n"
                  "  second question / first      %.3f of the time to the first token",
                  model.c_str(), figures->threads, figures->isa.c_str(), figures->load_seconds,
                  figures->verify_step_ratio, figures->parallel_speedup, figures->lookup_speedup,
                  100 * figures->lookup_acceptance, figures->lookup_same_text ? "same text" : "OTHER TEXT",
                  figures->second_question_ratio);
    print_line(text);
    return 0;
}

}  // namespace

int run_plan(const PlanArguments& arguments, const Output& output) {
    std::string path = arguments.model;
    if (std::error_code ignored; !std::filesystem::is_regular_file(path, ignored)) {
        auto resolved = daemon::resolve_model(arguments.model, arguments.models_directory);
        if (!resolved.ok()) return report(resolved.error(), output);
        path = std::move(resolved).value();
    }
    MemoryLedger ledger(available_memory_bytes());
    llm::EngineOptions options;
    options.model_path = path;
    options.context_tokens = arguments.context;
    options.threads = arguments.threads;
    options.kv_bits = arguments.kv_bits;
    const auto plan = llm::plan_model(options, ledger);
    if (!plan.ok()) return report(plan.error(), output);
    const bool fits = plan->total_bytes() <= ledger.budget_bytes();
    std::optional<llm::BenchResult> achieved;
    if (arguments.run) {
        auto figures = llm::run_bench(
            {.model_path = options.model_path, .threads = options.threads, .kv_bits = options.kv_bits}, ledger);
        if (!figures.ok()) return report(figures.error(), output);
        achieved = std::move(figures).value();
    }
    output.json ? print_plan_json(*plan, ledger.budget_bytes(), achieved)
                : print_plan_text(*plan, ledger.budget_bytes(), achieved);
    return fits ? 0 : 1;
}

int run_bench(const BenchArguments& arguments, const Output& output) {
    if (arguments.serving) return run_serving_bench(arguments, output);
    MemoryLedger ledger(available_memory_bytes());
    const auto figures = llm::run_bench({.model_path = arguments.model,
                                         .threads = arguments.threads,
                                         .kv_bits = arguments.kv_bits,
                                         .prefill_tokens = arguments.prefill,
                                         .decode_tokens = arguments.decode},
                                        ledger);
    if (!figures.ok()) return report(figures.error(), output);
    const std::string model = std::filesystem::path(arguments.model).filename().string();
    if (output.json) {
        print_json({{"model", model},
                    {"threads", figures->threads},
                    {"isa", figures->isa},
                    {"prefill_tokens_per_second", figures->prefill_tokens_per_second},
                    {"decode_tokens_per_second", figures->decode_tokens_per_second},
                    {"read_bandwidth_bytes_per_second", figures->read_bandwidth_bytes_per_second},
                    {"bandwidth_share", figures->bandwidth_share}});
        return 0;
    }
    char text[256];
    std::snprintf(
        text, sizeof text,
        "%s  %d threads  %s\n  prefill %.1f tok/s\n  decode  %.1f tok/s, %.0f %% of the pace of reading the weights\n"
        "  read    %.1f GB/s",
        model.c_str(), figures->threads, figures->isa.c_str(), figures->prefill_tokens_per_second,
        figures->decode_tokens_per_second, 100 * figures->bandwidth_share,
        figures->read_bandwidth_bytes_per_second / 1e9);
    print_line(text);
    return 0;
}

}  // namespace hearth::cli
