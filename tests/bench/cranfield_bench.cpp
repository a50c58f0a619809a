// Retrieval quality: the Cranfield abstracts go through Corpus like any folder, and its own searches are scored.
// Usage: cranfield_bench VECTORS. VECTORS holds, for each text, its SHA-256 (64 hex digits) and its float32 vector.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bench/cranfield_data.h"
#include "core/file.h"
#include "core/hash.h"
#include "retrieval/corpus.h"
#include "support/temp_dir.h"

namespace hearth::bench {
namespace {

constexpr int kDimensions = 384;
constexpr double kBar = 0.41;  // nDCG@10 of the hybrid

class StoredEmbedder : public retrieval::Embedder {
  public:
    static Result<StoredEmbedder> load(const std::string& path) {
        HEARTH_TRY(const std::string bytes, read_file(path, 64 << 20));
        StoredEmbedder out;
        constexpr std::size_t kRecord = 64 + kDimensions * sizeof(float);
        for (std::size_t at = 0; at + kRecord <= bytes.size(); at += kRecord) {
            std::vector<float> vector(kDimensions);
            std::memcpy(vector.data(), bytes.data() + at + 64, kDimensions * sizeof(float));
            out.vectors_[bytes.substr(at, 64)] = std::move(vector);
        }
        return out;
    }
    std::string id() const override { return "stored"; }
    int dimensions() const override { return kDimensions; }
    Result<std::vector<float>> embed(std::span<const std::string> texts) override {
        std::vector<float> out;
        for (const std::string& text : texts) {
            const auto found = vectors_.find(sha256_hex(text));
            if (found == vectors_.end()) return Error(ErrorCode::kNotFound, "no stored vector for: " + text);
            out.insert(out.end(), found->second.begin(), found->second.end());
        }
        return out;
    }

  private:
    std::map<std::string, std::vector<float>> vectors_;
};

std::string text_of(const Abstract& abstract) {
    return abstract.title + "\n\n" + abstract.body;
}

/// The seam for a chunker: pieces of `text` in order.
std::vector<retrieval::NewChunk> chunks_of(const std::string& text) {
    return {{"", std::nullopt, {0, text.size()}, 0}};
}

Status ingest(const Cranfield& data, retrieval::Embedder& embedder, retrieval::Corpus& corpus,
              const test::TempDir& folder) {
    for (const Abstract& abstract : data.abstracts) {
        retrieval::NewVersion version;
        version.path = std::to_string(abstract.number);
        version.type = "text";
        version.title = abstract.title;
        version.text = text_of(abstract);
        version.content_sha256 = sha256_hex(version.text);
        version.chunks = chunks_of(version.text);
        std::vector<std::string> texts;
        for (const auto& chunk : version.chunks) {
            texts.push_back(version.text.substr(chunk.span.start, chunk.span.end - chunk.span.start));
        }
        HEARTH_TRY(version.vectors, embedder.embed(texts));
        HEARTH_TRY_STATUS(atomic_write_file(folder.path("source"), version.text));
        HEARTH_TRY_STATUS(corpus.put_blob(folder.path("source"), version.content_sha256));
        HEARTH_TRY_STATUS(corpus.put_version(version));
    }
    return {};
}

struct Figures {
    double ndcg10 = 0;
    double recall100 = 0;
};

/// Hits in the order of `score` (empty = not in that list) as abstract numbers, each once.
template <typename Score>
std::vector<int> ranking_by(std::vector<retrieval::Hit> hits, Score score) {
    std::erase_if(hits, [&](const retrieval::Hit& hit) { return !score(hit); });
    std::stable_sort(hits.begin(), hits.end(),
                     [&](const retrieval::Hit& a, const retrieval::Hit& b) { return *score(a) > *score(b); });
    std::vector<int> numbers;
    for (const retrieval::Hit& hit : hits) {
        const int number = std::atoi(hit.document.path.c_str());
        if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
    }
    return numbers;
}

Result<std::map<std::string, Figures>> measure(const Cranfield& data, const retrieval::Corpus& corpus) {
    std::map<std::string, Figures> sums;
    const auto share = 1.0 / static_cast<double>(data.queries.size());
    for (std::size_t q = 0; q < data.queries.size(); ++q) {
        HEARTH_TRY(const auto hits, corpus.search({.text = data.queries[q], .k = 200}));
        const auto add = [&](const char* name, const std::vector<int>& ranking) {
            sums[name].ndcg10 += share * ndcg(ranking, data.gains[q], 10);
            sums[name].recall100 += share * recall(ranking, data.gains[q], 100);
        };
        add("bm25", ranking_by(hits, [](const auto& hit) { return hit.scores.bm25; }));
        add("dense", ranking_by(hits, [](const auto& hit) { return hit.scores.dense; }));
        add("hybrid", ranking_by(hits, [](const auto& hit) { return std::optional<double>(hit.score); }));
    }
    return sums;
}

Result<double> run(const std::string& directory, const std::string& vectors) {
    HEARTH_TRY(const Cranfield data, load_cranfield(directory));
    HEARTH_TRY(StoredEmbedder embedder, StoredEmbedder::load(vectors));
    const test::TempDir folder;
    HEARTH_TRY(const auto corpus, retrieval::Corpus::open({folder.path("data")}, embedder));
    HEARTH_TRY_STATUS(ingest(data, embedder, *corpus, folder));
    HEARTH_TRY(auto figures, measure(data, *corpus));
    std::printf("cranfield: %zu abstracts, %zu queries\n", data.abstracts.size(), data.queries.size());
    std::printf("%-8s %8s %10s\n", "", "nDCG@10", "recall@100");
    for (const auto& [name, figure] : figures) {
        std::printf("%-8s %8.4f %10.4f\n", name.c_str(), figure.ndcg10, figure.recall100);
    }
    return figures["hybrid"].ndcg10;
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
    const char* shared = std::getenv("HEARTH_SHARED");
    const std::string root = shared != nullptr ? shared : HEARTH_SOURCE_DIR "/../shared";
    if (argc != 2) {
        std::fprintf(stderr, "usage: cranfield_bench VECTORS\n");
        return 2;
    }
    const auto hybrid = hearth::bench::run(root + "/data/retrieval/cranfield", argv[1]);
    if (!hybrid.ok()) {
        std::fprintf(stderr, "cranfield_bench: %s\n", hybrid.error().message.c_str());
        return 2;
    }
    return *hybrid >= hearth::bench::kBar ? 0 : 1;
}
