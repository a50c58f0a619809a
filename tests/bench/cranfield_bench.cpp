// Retrieval quality by the product's own way: the Cranfield abstracts are dropped into a folder as files, ingest reads,
// chunks and embeds them with the default model, and Corpus::search answers the questions. With a folder as its
// argument it measures another collection of the same form. Data: $HEARTH_SHARED/data/retrieval/cranfield; model:
// $HEARTH_MODELS/all-MiniLM-L6-v2.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/cranfield_data.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory_ledger.h"
#include "daemon/adapters.h"
#include "ingest/pipeline.h"
#include "llm/encoder.h"
#include "retrieval/corpus.h"
#include "support/models.h"
#include "support/temp_dir.h"

namespace hearth::bench {
namespace {

constexpr double kBar = 0.43;  // nDCG@10 of the hybrid
constexpr int kSkipped = 77;

using Clock = std::chrono::steady_clock;

/// The parts as daemon/ puts them together, without the web and the chat model.
struct House {
    test::TempDir folder;
    MemoryLedger ledger{std::size_t{4} << 30};
    std::unique_ptr<llm::EmbeddingModel> model;
    std::unique_ptr<daemon::EmbedderAdapter> embedder;
    std::unique_ptr<daemon::TokenCounterAdapter> tokens;
    std::unique_ptr<retrieval::Corpus> corpus;
    daemon::YieldGate gate;
    std::unique_ptr<daemon::CorpusSink> sink;
    std::unique_ptr<ingest::Pipeline> pipeline;

    Status start(const std::string& model_directory) {
        HEARTH_TRY(model, llm::open_embedding_model({.model_directory = model_directory}, ledger));
        embedder = std::make_unique<daemon::EmbedderAdapter>(*model);
        tokens = std::make_unique<daemon::TokenCounterAdapter>(*model);
        HEARTH_TRY(corpus, retrieval::Corpus::open({folder.path("data")}, *embedder));
        sink = std::make_unique<daemon::CorpusSink>(*corpus, *embedder, gate);
        ingest::PipelineOptions options;
        options.folder = folder.path("inbox");
        options.extractor_path = std::string(HEARTH_BINARY_DIR) + "/hearth-extract";
        HEARTH_TRY(pipeline, ingest::Pipeline::start(options, *sink, *tokens, ledger));
        return {};
    }
};

/// Every abstract as the Markdown file a person would write.
Status write_files(const Cranfield& data, const std::string& folder) {
    HEARTH_TRY_STATUS(make_directories(folder));
    for (const Abstract& abstract : data.abstracts) {
        const std::string path = folder + "/" + std::to_string(abstract.number) + ".md";
        HEARTH_TRY_STATUS(atomic_write_file(path, "# " + abstract.title + "\n\n" + abstract.body + "\n"));
    }
    return {};
}

Status ingest_all(const Cranfield& data, const House& house) {
    const auto begun = Clock::now();
    while (!house.pipeline->idle()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    HEARTH_TRY(const auto counts, house.corpus->counts());
    // One abstract of the collection is empty but for its number.
    if (counts.documents_indexed + counts.documents_failed != static_cast<std::int64_t>(data.abstracts.size())) {
        return Error(ErrorCode::kInternal, "not every abstract was read: " + house.pipeline->counters().problem);
    }
    std::printf("cranfield: %zu abstracts in %.0f s (%ld indexed, %ld without text), %ld chunks, %zu queries\n",
                data.abstracts.size(), std::chrono::duration<double>(Clock::now() - begun).count(),
                static_cast<long>(counts.documents_indexed), static_cast<long>(counts.documents_failed),
                static_cast<long>(counts.chunks), data.queries.size());
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
        HEARTH_TRY(const auto plain, corpus.search({.text = data.queries[q], .k = 200, .second_look = false}));
        const auto as_it_comes = [](const auto&) { return std::optional<double>(0); };
        const auto add = [&](const char* name, const std::vector<int>& ranking) {
            sums[name].ndcg10 += share * ndcg(ranking, data.gains[q], 10);
            sums[name].recall100 += share * recall(ranking, data.gains[q], 100);
        };
        add("bm25", ranking_by(hits, [](const auto& hit) { return hit.scores.bm25; }));
        add("dense", ranking_by(hits, [](const auto& hit) { return hit.scores.dense; }));
        add("hybrid", ranking_by(hits, as_it_comes));
        add("hybrid, one look", ranking_by(plain, as_it_comes));
    }
    return sums;
}

Result<double> run(const Cranfield& data, const std::string& model_directory) {
    House house;
    HEARTH_TRY_STATUS(write_files(data, house.folder.path("inbox")));
    HEARTH_TRY_STATUS(house.start(model_directory));
    HEARTH_TRY_STATUS(ingest_all(data, house));
    HEARTH_TRY(auto figures, measure(data, *house.corpus));
    std::printf("%-16s %8s %10s\n", "", "nDCG@10", "recall@100");
    for (const auto& [name, figure] : figures) {
        std::printf("%-16s %8.4f %10.4f\n", name.c_str(), figure.ndcg10, figure.recall100);
    }
    return figures["hybrid"].ndcg10;
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
    using namespace hearth;
    const char* shared = std::getenv("HEARTH_SHARED");
    const std::string root = shared != nullptr ? shared : HEARTH_SOURCE_DIR "/../shared";
    // Another collection in the same form (known_item.py) has no bar of its own.
    const bool other = argc > 1;
    const auto data = bench::load_cranfield(other ? argv[1] : root + "/data/retrieval/cranfield");
    const std::string model = test::model_path("all-MiniLM-L6-v2");
    if (!data.ok() || model.empty()) {
        std::printf("skipped: %s\n", data.ok() ? "the embedding model is missing; scripts/models fetches it"
                                               : data.error().message.c_str());
        return bench::kSkipped;
    }
    set_log_level(LogLevel::kWarn);
    const auto hybrid = bench::run(*data, model);
    if (!hybrid.ok()) {
        std::fprintf(stderr, "cranfield_bench: %s\n", hybrid.error().message.c_str());
        return 2;
    }
    if (other) return 0;
    std::printf("hybrid %.4f, bar %.2f\n", *hybrid, bench::kBar);
    return *hybrid >= bench::kBar ? 0 : 1;
}
