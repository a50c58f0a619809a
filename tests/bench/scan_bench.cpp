// The vector index as a process beside another library: reads vectors and queries (float32, unit rows), then for every
// line "QUERY K" of standard input searches and prints "NANOSECONDS ID ID ...", so that a driver can take turns between
// the two (scan_faiss.py). Wall-clock of the search alone; ids are row numbers.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/file.h"
#include "retrieval/distances.h"
#include "retrieval/vector_index.h"

namespace hearth::bench {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{8} << 30;
constexpr std::size_t kBatch = 4096;

Result<std::vector<float>> floats_of(const std::string& path) {
    HEARTH_TRY(const MappedFile file, MappedFile::open(path));
    const auto bytes = file.bytes();
    if (bytes.size() > kMaxFileBytes) return Error(ErrorCode::kInvalidArgument, path + " is too large");
    const auto* begin = reinterpret_cast<const float*>(bytes.data());
    return std::vector<float>(begin, begin + bytes.size() / sizeof(float));
}

Result<std::shared_ptr<const retrieval::VectorIndex>> index_of(const std::vector<float>& vectors, std::size_t n) {
    auto index = retrieval::VectorIndex::empty(static_cast<int>(n));
    for (std::size_t first = 0; first < vectors.size() / n; first += kBatch) {
        std::vector<retrieval::VectorRow> rows;
        for (std::size_t i = first; i < std::min(first + kBatch, vectors.size() / n); ++i) {
            rows.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(i / 100)});
        }
        HEARTH_TRY(index, index->with_added(rows, {vectors.data() + first * n, rows.size() * n}));
    }
    return index;
}

Status serve(const std::string& vectors_path, const std::string& queries_path, std::size_t n) {
    HEARTH_TRY(const std::vector<float> queries, floats_of(queries_path));
    std::shared_ptr<const retrieval::VectorIndex> index;
    {
        HEARTH_TRY(const std::vector<float> vectors, floats_of(vectors_path));
        HEARTH_TRY(index, index_of(vectors, n));
    }
    std::printf("ready %zu %s\n", index->size(), retrieval::distance_kernels().isa);
    std::fflush(stdout);
    std::size_t query = 0, k = 0;
    while (std::scanf("%zu %zu", &query, &k) == 2 && (query + 1) * n <= queries.size()) {
        const auto begin = std::chrono::steady_clock::now();
        const auto found = index->search({queries.data() + query * n, n}, k, nullptr);
        const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
        std::printf("%lld", static_cast<long long>(took.count()));
        for (const auto& one : found) std::printf(" %lld", static_cast<long long>(one.chunk));
        std::printf("\n");
        std::fflush(stdout);
    }
    return {};
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: scan_bench VECTORS QUERIES DIMENSIONS   (tests/bench/scan_faiss.py runs it)\n");
        return 2;
    }
    const auto served = hearth::bench::serve(argv[1], argv[2], static_cast<std::size_t>(std::atoi(argv[3])));
    if (served.ok()) return 0;
    std::fprintf(stderr, "scan_bench: %s\n", served.error().message.c_str());
    return 1;
}
