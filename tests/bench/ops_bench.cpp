// Speed of matmul on the shapes of the default models, beside the read bandwidth measured in the same run.
// Usage: ops_bench [isa] [threads]. Prints one line a case; take ratios of one run only, the machine may be shared.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <vector>

#include "llm/cpu/thread_pool.h"
#include "llm/ops.h"

namespace {

using namespace hearth::llm;
/// With one thread, processor time: what a neighbour on the core takes is not counted.
double seconds_now(bool processor_time) {
    timespec now{};
    ::clock_gettime(processor_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds of the fastest of several runs, about a third of a second in all.
double best_seconds(int threads, const std::function<void()>& run) {
    run();
    double best = 1e9, spent = 0;
    while (spent < 0.3) {
        const double start = seconds_now(threads == 1);
        run();
        const double took = seconds_now(threads == 1) - start;
        if (took > 0) best = std::min(best, took);
        spent += took;
    }
    return best;
}

double read_bandwidth(int threads) {
    constexpr std::size_t kWords = std::size_t{24} << 20;
    std::vector<std::uint64_t> data(kWords, 1);
    cpu::ThreadPool pool(threads);
    constexpr std::size_t kChunk = 1 << 16;
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads) * 8);
    const double seconds = best_seconds(threads, [&] {
        pool.parallel_for(kWords / kChunk, [&](std::int64_t chunk, int thread) {
            std::uint64_t lanes[8] = {};
            const std::uint64_t* p = data.data() + static_cast<std::size_t>(chunk) * kChunk;
            for (std::size_t i = 0; i < kChunk; i += 8) {
                for (std::size_t j = 0; j < 8; ++j) lanes[j] += p[i + j];
            }
            for (const std::uint64_t lane : lanes) sums[static_cast<std::size_t>(thread) * 8] += lane;
        });
    });
    return kWords * sizeof(std::uint64_t) / seconds;
}

struct Case {
    DType type;
    std::int64_t rows, cols;
};

/// As many copies of the matrix as exceed the caches, so that one token reads memory.
constexpr std::size_t kColdBytes = std::size_t{160} << 20;

void bench(Ops& ops, const Case& c, int threads, double bandwidth) {
    const DTypeGeometry g = geometry(c.type);
    const std::size_t size = static_cast<std::size_t>(c.rows * c.cols / g.block) * g.bytes;
    std::mt19937 random(1);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0x3f);  // small scales, whatever the format
    if (c.type == DType::kF32) {  // no subnormal numbers: some processors take a hundred times as long for them
        for (std::size_t i = 3; i < size; i += 4) bytes[i] = static_cast<std::byte>(0x3c | (random() & 1));
    }
    std::vector<std::unique_ptr<Weight>> copies;
    for (std::size_t held = 0; held < kColdBytes; held += size) {
        copies.push_back(std::move(ops.load({c.type, c.rows, c.cols, bytes})).value());
    }
    std::printf("%-5s %6ld x %-5ld", g.name, static_cast<long>(c.rows), static_cast<long>(c.cols));
    for (const std::int64_t n : {1, 4, 8, 128, 512}) {
        if (n > 1 && c.rows > 20000) continue;
        std::vector<float> x(static_cast<std::size_t>(n * c.cols)), y(static_cast<std::size_t>(n * c.rows));
        for (float& v : x) v = static_cast<float>(random() % 2001) / 1000.0f - 1.0f;
        std::size_t next = 0;
        const double seconds = best_seconds(threads, [&] {
            const MatmulTask task[] = {{copies[next++ % copies.size()].get(), nullptr, y.data()}};
            ops.matmul(x.data(), n, task, n > 8 ? Phase::kPrefill : Phase::kDecode);
        });
        if (n <= 8) {
            std::printf("  n=%ld %6.1f us %5.1f GB/s %3.0f%%", static_cast<long>(n), seconds * 1e6,
                        size / seconds * 1e-9, 100.0 * size / seconds / bandwidth);
        } else {
            std::printf("  n=%ld %6.1f GOP/s", static_cast<long>(n), 2.0 * n * c.rows * c.cols / seconds * 1e-9);
        }
    }
    std::printf("\n");
    std::fflush(stdout);
}

/// Gate and up of one layer's experts (Qwen3-30B-A3B's shapes) for tokens that chose 8 of 128 at random: in one call,
/// and beside it with a call for each expert.
void bench_experts(Ops& ops, int threads, double bandwidth) {
    constexpr std::int64_t kExperts = 128, kUsed = 8, kRows = 768, kCols = 2048;
    const std::size_t size = kRows * kCols / 256 * geometry(DType::kQ4_K).bytes;
    std::mt19937 random(1);
    std::vector<std::byte> bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0x3f);
    std::vector<std::unique_ptr<Weight>> weights;
    for (std::int64_t i = 0; i < 2 * kExperts; ++i)
        weights.push_back(ops.load({DType::kQ4_K, kRows, kCols, bytes}).value());
    std::printf("128 experts, 8 used, Q4_K 2 x %ld x %ld\n", kRows, kCols);
    for (const std::int64_t n : {1, 4, 32, 256, 1024}) {
        std::vector<std::int64_t> counts(kExperts);
        for (std::int64_t i = 0; i < n * kUsed; ++i) ++counts[random() % kExperts];
        std::vector<float> x(static_cast<std::size_t>(n * kUsed * kCols), 0.5f);
        std::vector<float> gate(static_cast<std::size_t>(n * kUsed * kRows)), up(gate);
        std::vector<MatmulTask> tasks;
        tasks.reserve(2 * kExperts);
        std::vector<MatmulBatch> batches;
        std::int64_t row = 0, read = 0;
        for (std::size_t e = 0; e < counts.size(); ++e) {
            if (counts[e] == 0) continue;
            tasks.push_back({weights[2 * e].get(), nullptr, gate.data() + row * kRows});
            tasks.push_back({weights[2 * e + 1].get(), nullptr, up.data() + row * kRows});
            batches.push_back({x.data() + row * kCols, counts[e], std::span(tasks).last(2)});
            row += counts[e];
            read += 2;
        }
        for (const Phase phase : {Phase::kDecode, Phase::kPrefill}) {
            const double together = best_seconds(threads, [&] { ops.matmul(batches, phase); });
            const double apart = best_seconds(threads, [&] {
                for (const MatmulBatch& batch : batches) ops.matmul(std::span(&batch, 1), phase);
            });
            std::printf("  n=%-4ld %s %6.0f us %3.0f%% %6.1f GOP/s, apart %.2fx\n", n,
                        phase == Phase::kDecode ? "decode " : "prefill", together * 1e6,
                        100.0 * static_cast<double>(read) * static_cast<double>(size) / together / bandwidth,
                        4.0 * static_cast<double>(row * kRows * kCols) / together * 1e-9, apart / together);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
    auto ops = make_cpu_ops(threads, argc > 1 ? argv[1] : "");
    if (!ops.ok()) {
        std::fprintf(stderr, "%s\n", ops.error().message.c_str());
        return 1;
    }
    const double bandwidth = read_bandwidth(threads);
    std::printf("%s, %d threads, read %.1f GB/s\n", (*ops)->isa().c_str(), threads, bandwidth * 1e-9);
    for (const Case& c : {Case{DType::kQ5_0, 4864, 896}, Case{DType::kQ5_0, 896, 896}, Case{DType::kQ4_K, 896, 4864},
                          Case{DType::kQ6_K, 896, 4864}, Case{DType::kQ8_0, 151936, 896}, Case{DType::kQ8_0, 1536, 576},
                          Case{DType::kQ4_1, 1536, 576}, Case{DType::kF32, 1536, 384}, Case{DType::kF32, 384, 1536}}) {
        bench(**ops, c, threads, bandwidth);
    }
    bench_experts(**ops, threads, bandwidth);
    return 0;
}
