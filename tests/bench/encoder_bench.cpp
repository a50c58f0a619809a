// Speed of the embedding model on texts of 128 tokens. Usage: encoder_bench MODEL_DIRECTORY [threads] [texts]
// Prints one JSON object: the tokens/s of the median of five passes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "llm/encoder.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTokensPerText = 128;
constexpr int kPasses = 5;

/// Short words that are one token each in every BERT vocabulary; [CLS] and [SEP] make up the rest.
std::string text_of_tokens(std::mt19937& random) {
    static constexpr const char* kWords[] = {"the", "of",   "and",  "house", "water", "time", "year",
                                             "day", "hand", "work", "night", "point", "home", "room"};
    std::string text;
    for (int i = 0; i < kTokensPerText - 2; ++i) text += std::string(kWords[random() % std::size(kWords)]) + ' ';
    return text;
}

int usage() {
    std::fputs("usage: encoder_bench MODEL_DIRECTORY [threads] [texts]\n", stderr);
    return 64;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return usage();
    const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
    const int count = argc > 3 ? std::max(1, std::atoi(argv[3])) : 256;
    hearth::MemoryLedger ledger(std::size_t{4} << 30);
    auto model = hearth::llm::open_embedding_model({.model_directory = argv[1], .threads = threads}, ledger);
    if (!model.ok()) {
        std::fprintf(stderr, "%s\n", model.error().message.c_str());
        return 1;
    }
    std::mt19937 random(1);
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(text_of_tokens(random));
    if ((*model)->token_spans(texts[0]).size() != kTokensPerText - 2) {
        std::fputs("the words are not one token each in this vocabulary\n", stderr);
        return 1;
    }
    std::vector<double> speeds;
    for (int pass = 0; pass <= kPasses; ++pass) {
        const auto start = Clock::now();
        const auto rows = (*model)->embed(texts);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (!rows.ok()) return 1;
        if (pass > 0) speeds.push_back(count * kTokensPerText / seconds);  // the first pass warms
    }
    std::sort(speeds.begin(), speeds.end());
    std::printf("{\"model\": \"%s\", \"isa\": \"%s\", \"threads\": %d, \"tokens_per_second\": %.0f}\n",
                (*model)->id().c_str(), (*model)->isa().c_str(), threads, speeds[speeds.size() / 2]);
    return 0;
}
