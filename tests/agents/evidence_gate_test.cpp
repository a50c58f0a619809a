#include "agents/evidence_gate.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "support/fake_engine.h"

namespace hearth::agents {
namespace {

retrieval::Hit passage(const std::string& heading, const std::string& text) {
    retrieval::Hit hit;
    hit.chunk.heading = heading;
    hit.text = text;
    return hit;
}

Evidence measure(const std::string& question, const std::vector<retrieval::Hit>& passages,
                 test::BagEmbedder& embedder) {
    auto evidence = measure_evidence(question, passages, embedder, {});
    EXPECT_TRUE(evidence.ok());
    return std::move(evidence).value();
}

TEST(EvidenceGate, RanksTheNearestSentenceFirst) {
    test::BagEmbedder embedder;
    const auto passages = {passage("Meals", "Alcohol is not covered. We pay 45 euros for meals."),
                           passage("Trains", "Take the train.")};
    const Evidence evidence = measure("What do we pay for meals?", passages, embedder);
    ASSERT_EQ(evidence.sentences.size(), 3u);
    EXPECT_EQ(evidence.sentences[0].passage, 0u);
    EXPECT_EQ(evidence.sentences[0].span.start, 24u);
    EXPECT_EQ(evidence.features.best_sentence, evidence.sentences[0].cosine);
    EXPECT_EQ(evidence.features.weakest_word, 1);
}

TEST(EvidenceGate, HeadingLinesAreNoEvidence) {
    test::BagEmbedder embedder;
    const Evidence evidence =
        measure("Parental leave?", {passage("Handbook > Parental leave", "Parental leave\nSixteen weeks.")}, embedder);
    ASSERT_EQ(evidence.sentences.size(), 1u);
    EXPECT_EQ(evidence.sentences[0].span.start, 15u);
}

TEST(EvidenceGate, NumberedHeadingLinesAreNoEvidence) {
    test::BagEmbedder embedder;
    EXPECT_TRUE(measure("Claims?", {passage("Warranty > Claims", "4. Claims")}, embedder).sentences.empty());
    EXPECT_EQ(measure("Claims?", {passage("Warranty > Claims", "4 claims")}, embedder).sentences.size(), 1u);
}

TEST(EvidenceGate, AnotherAttributeIsNoEvidence) {
    test::BagEmbedder embedder;
    const auto passages = {passage("Mira", "The phone number of Mira is 555 0199. Mira sings in the choir.")};
    EXPECT_TRUE(measure("What is the e-mail address of Mira?", passages, embedder).sentences.empty());
    const Evidence found = measure("What is the phone number of Mira?", passages, embedder);
    ASSERT_EQ(found.sentences.size(), 1u);
    EXPECT_EQ(found.sentences[0].span.start, 0u);
}

TEST(EvidenceGate, NoPassageIsNoEvidence) {
    test::BagEmbedder embedder;
    EXPECT_TRUE(measure("What?", {}, embedder).sentences.empty());
    EXPECT_EQ(embedder.calls, 0);
}

TEST(EvidenceGate, MissingWordsAreWeighedOnceAndInBounds) {
    test::BagEmbedder embedder;
    std::string question = "what is the";
    for (int i = 0; i < 3000; ++i) question += " zebra zebras w" + std::to_string(i);
    const Evidence evidence = measure(question, {passage("Meals", "We pay for meals.")}, embedder);
    EXPECT_LT(evidence.features.weakest_word, 1);
    EXPECT_LE(embedder.largest, 64u);
}

TEST(EvidenceGate, AnotherLanguageIsNotWeighedWordByWord) {
    test::BagEmbedder embedder;
    const std::vector<retrieval::Hit> passages = {passage("Miete", "Die Miete betr\u00e4gt 940 Euro.")};
    EXPECT_EQ(measure("Wie hoch ist die Miete?", passages, embedder).features.weakest_word, 1);
    EXPECT_LT(measure("What is the deposit?", passages, embedder).features.weakest_word, 1);
}

TEST(EvidenceGate, StopsWhenCancelled) {
    test::BagEmbedder embedder;
    std::stop_source stop;
    stop.request_stop();
    const auto evidence = measure_evidence("Meals?", {passage("Meals", "We pay.")}, embedder, stop.get_token());
    ASSERT_FALSE(evidence.ok());
    EXPECT_EQ(evidence.error().code, ErrorCode::kCancelled);
}

struct Row {
    std::array<double, 3> z{};  ///< the two features, standardised, and 1
    double y = 0;
    double share = 0;  ///< both classes weigh the same
};

/// tests/golden/fit_gate.py again, step by step.
std::array<double, 3> fit(std::vector<Row> rows) {
    std::array<double, 2> mean{};
    std::array<double, 2> deviation{};
    const auto n = static_cast<double>(rows.size());
    double positive = 0;
    for (const Row& row : rows) positive += row.y;
    for (std::size_t k = 0; k < 2; ++k) {
        for (const Row& row : rows) mean[k] += row.z[k] / n;
        for (const Row& row : rows) deviation[k] += (row.z[k] - mean[k]) * (row.z[k] - mean[k]) / n;
        deviation[k] = std::sqrt(deviation[k]) + 1e-9;
    }
    for (Row& row : rows) {
        for (std::size_t k = 0; k < 2; ++k) row.z[k] = (row.z[k] - mean[k]) / deviation[k];
        row.share = n / 2 / (row.y == 1 ? positive : n - positive);
    }
    std::array<double, 3> w{};
    for (int step = 0; step < 4000; ++step) {
        std::array<double, 3> gradient = {0.005 * w[0], 0.005 * w[1], 0};
        for (const Row& row : rows) {
            const double p = 1 / (1 + std::exp(-(row.z[0] * w[0] + row.z[1] * w[1] + w[2])));
            for (std::size_t k = 0; k < 3; ++k) gradient[k] += row.z[k] * (p - row.y) * row.share / n;
        }
        for (std::size_t k = 0; k < 3; ++k) w[k] -= 0.5 * gradient[k];
    }
    return {w[0] / deviation[0], w[1] / deviation[1],
            w[2] - w[0] * mean[0] / deviation[0] - w[1] * mean[1] / deviation[1]};
}

TEST(EvidenceGate, WeightsAreTheFitOfTheCommittedRows) {
    const auto text = read_file(HEARTH_SOURCE_DIR "/tests/golden/gate_rows.json", 1u << 20);
    ASSERT_TRUE(text.ok()) << text.error().message;
    const auto list = parse_json(*text);
    ASSERT_TRUE(list.ok());
    std::vector<Row> rows;
    for (const auto& row : *list) {
        rows.push_back({{row.at("best_sentence").get<double>(), row.at("weakest_word").get<double>(), 1},
                        row.at("answerable").get<bool>() ? 1.0 : 0.0});
    }
    ASSERT_GE(rows.size(), 100u);
    const std::array<double, 3> w = fit(rows);
    constexpr double kRounding = 0.00051;  // three decimals are written down
    EXPECT_NEAR(kGateWeights.best_sentence, w[0], kRounding);
    EXPECT_NEAR(kGateWeights.weakest_word, w[1], kRounding);
    EXPECT_NEAR(kGateWeights.bias, w[2], kRounding);
}

}  // namespace
}  // namespace hearth::agents
