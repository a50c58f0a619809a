// Hybrid search over a large made-up record, through Corpus::search with everything but the embedding model: words by
// Zipf's law as in running text, vectors of the words. Prints the quantiles of the wall-clock and the processor time.
//   search_bench [CHUNKS] [QUERIES]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "support/corpus_fixture.h"

namespace hearth::bench {
namespace {

constexpr std::size_t kVocabulary = 50'000;
constexpr std::size_t kChunkWords = 120;
constexpr std::size_t kDocumentChunks = 200;

/// Ranks by Zipf's law: the n-th word is n times rarer than the first.
class Words {
  public:
    Words() {
        double sum = 0;
        for (std::size_t i = 0; i < kVocabulary; ++i) shares_.push_back(sum += 1 / static_cast<double>(i + 3));
        for (std::size_t i = 0; i < kVocabulary; ++i) words_.push_back(spelled(i));
    }
    const std::string& one(std::mt19937& random, std::size_t least_rank = 0) const {
        for (;;) {
            std::uniform_real_distribution<double> place(0, shares_.back());
            const auto found = std::lower_bound(shares_.begin(), shares_.end(), place(random)) - shares_.begin();
            if (static_cast<std::size_t>(found) >= least_rank) return words_[static_cast<std::size_t>(found)];
        }
    }

  private:
    static std::string spelled(std::size_t number) {
        std::string out;
        for (number += 1000; number > 0; number /= 20)
            out += {"bcdfghjklmnpqrstvwxz"[number % 20], "aeiou"[number % 5]};
        return out;
    }
    std::vector<double> shares_;
    std::vector<std::string> words_;
};

std::string text_of(const Words& words, std::mt19937& random, std::size_t chunks) {
    std::string text;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        for (std::size_t i = 0; i < kChunkWords; ++i) text += words.one(random) + (i % 12 == 11 ? ". " : " ");
        text += "\n\n";
    }
    return text;
}

double processor_milliseconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void print_quantiles(const char* name, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) { return values[static_cast<std::size_t>(share * (values.size() - 1.0))]; };
    std::printf("  %-12s p50 %8.2f ms   p90 %8.2f   p99 %8.2f\n", name, at(0.5), at(0.9), at(0.99));
}

Status run(std::size_t chunks, std::size_t queries) {
    test::CorpusFolder folder(384);
    const Words words;
    std::mt19937 random(11);
    for (std::size_t i = 0; i * kDocumentChunks < chunks; ++i) {
        const std::string path = "folder" + std::to_string(i % 10) + "/" + std::to_string(i) + ".md";
        HEARTH_TRY_STATUS(folder.put(path, text_of(words, random, kDocumentChunks)));
    }
    for (const char* kind : {"everything", "one look", "one folder of ten"}) {
        std::vector<double> wall, processor;
        for (std::size_t i = 0; i < queries; ++i) {
            std::string text;
            // Words that a person searches for are not the commonest ones.
            for (std::size_t n = 2 + random() % 5; n > 0; --n) text += words.one(random, 100) + " ";
            retrieval::Query query{.text = text, .k = 10};
            query.second_look = std::string_view(kind) != "one look";
            if (std::string_view(kind) == "one folder of ten") query.filter.path.any_of = {"folder3/*"};
            const double before = processor_milliseconds();
            const auto begin = std::chrono::steady_clock::now();
            HEARTH_TRY(const auto hits, folder.corpus->search(query));
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
            wall.push_back(took.count());
            processor.push_back(processor_milliseconds() - before);
        }
        std::printf("%zu chunks, %s, %zu queries of 2 to 6 words\n", chunks, kind, queries);
        print_quantiles("wall-clock", wall);
        print_quantiles("processor", processor);
    }
    return {};
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
    hearth::set_log_level(hearth::LogLevel::kWarn);
    const auto number = [&](int i, int fallback) {
        return static_cast<std::size_t>(argc > i ? std::max(std::atoi(argv[i]), 1) : fallback);
    };
    const auto done = hearth::bench::run(number(1, 100'000), number(2, 300));
    if (done.ok()) return 0;
    std::fprintf(stderr, "search_bench: %s\n", done.error().message.c_str());
    return 1;
}
