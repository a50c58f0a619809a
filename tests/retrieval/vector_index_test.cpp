#include "retrieval/vector_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

constexpr int kDimensions = 48;

std::vector<float> unit_vector(std::mt19937& random) {
    std::normal_distribution<float> normal;
    std::vector<float> out(kDimensions);
    float length = 0;
    for (float& value : out) {
        value = normal(random);
        length += value * value;
    }
    for (float& value : out) value /= std::sqrt(length);
    return out;
}

/// The plain truth beside the index: every live vector.
struct Model {
    std::map<std::int64_t, std::pair<std::int64_t, std::vector<float>>> rows;  // chunk -> document, vector

    std::vector<Ranked> search(const std::vector<float>& query, std::size_t k, const Admission* admission) const {
        std::vector<Ranked> all;
        for (const auto& [chunk, row] : rows) {
            if (admission != nullptr && !admission->admits(row.first, chunk)) continue;
            const float score = distance_kernels().dot(query.data(), row.second.data(), query.size());
            all.push_back({chunk, static_cast<double>(score)});
        }
        std::stable_sort(all.begin(), all.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
        all.resize(std::min(all.size(), k));
        return all;
    }
};

void expect_same(const std::vector<Ranked>& actual, const std::vector<Ranked>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
        EXPECT_EQ(actual[i].chunk, expected[i].chunk);
        EXPECT_EQ(actual[i].score, expected[i].score);
    }
}

TEST(VectorIndex, IsExactlyTheFullScanThroughAddsRemovalsAndFilters) {
    std::mt19937 random(3);
    auto index = VectorIndex::empty(kDimensions);
    Model model;
    std::int64_t next_chunk = 1;
    for (std::int64_t document = 1; document <= 300; ++document) {
        std::vector<VectorRow> rows;
        std::vector<float> vectors;
        for (std::size_t i = random() % 12; i-- > 0;) {
            // Repeated vectors: equal scores must come back in order of chunk id.
            const auto vector =
                random() % 4 == 0 && !model.rows.empty() ? model.rows.begin()->second.second : unit_vector(random);
            rows.push_back({next_chunk, document});
            vectors.insert(vectors.end(), vector.begin(), vector.end());
            model.rows[next_chunk++] = {document, vector};
        }
        auto added = index->with_added(rows, vectors);
        ASSERT_TRUE(added.ok());
        index = *added;
        if (random() % 3 == 0) {
            const auto victim = static_cast<std::int64_t>(random() % static_cast<unsigned>(document)) + 1;
            index = index->without_document(victim);
            std::erase_if(model.rows, [&](const auto& row) { return row.second.first == victim; });
        }
        if (document % 20 != 0) continue;
        Admission allowed;
        allowed.refuse_other_documents();
        for (std::int64_t i = 0; i <= document; i += 3) allowed.allow_document(i);
        for (std::int64_t i = 0; i <= document; i += 5) allowed.refuse_chunk(i);
        for (const std::size_t k : {1, 10, 100}) {
            const auto query = unit_vector(random);
            expect_same(index->search(query, k, nullptr), model.search(query, k, nullptr));
            expect_same(index->search(query, k, &allowed), model.search(query, k, &allowed));
        }
    }
    EXPECT_EQ(index->size(), model.rows.size());
    for (const auto& [chunk, row] : model.rows) EXPECT_EQ(index->document_of(chunk), row.first);
    EXPECT_EQ(index->document_of(next_chunk), -1);
}

TEST(VectorIndex, ALargeOneIsSplitAmongCoresAndStaysExact) {
    constexpr std::size_t kRows = 40'000, kWide = 384;  // enough products for two threads
    std::mt19937 random(5);
    std::vector<VectorRow> rows;
    std::vector<float> vectors(kRows * kWide);
    for (std::size_t i = 0; i < kRows; ++i) {
        const auto chunk = static_cast<std::int64_t>(i);
        rows.push_back({chunk, chunk / 10});
        float length = 0;
        // Cheap, and many rows near each other: a row depends on little.
        for (std::size_t j = 0; j < kWide; ++j) {
            const float value = static_cast<float>((i * 7919 % 4001 + 1) * (j + 1) % 97) - 48;
            vectors[i * kWide + j] = value;
            length += value * value;
        }
        for (std::size_t j = 0; j < kWide; ++j) vectors[i * kWide + j] /= std::sqrt(length);
    }
    const auto index = *VectorIndex::empty(kWide)->with_added(rows, vectors);
    Admission odd;
    odd.refuse_other_documents();
    for (std::int64_t document = 1; document < 4000; document += 2) odd.allow_document(document);
    std::normal_distribution<float> normal;
    for (int round = 0; round < 3; ++round) {
        std::vector<float> query(kWide);
        float length = 0;
        for (float& value : query) {
            value = normal(random);
            length += value * value;
        }
        for (float& value : query) value /= std::sqrt(length);
        for (const Admission* admission : std::initializer_list<const Admission*>{nullptr, &odd}) {
            std::vector<Ranked> expected;
            for (std::size_t i = 0; i < kRows; ++i) {
                if (admission != nullptr && !admission->admits(rows[i].document, rows[i].chunk)) continue;
                const float score = distance_kernels().dot(query.data(), &vectors[i * kWide], kWide);
                expected.push_back({rows[i].chunk, static_cast<double>(score)});
            }
            std::stable_sort(expected.begin(), expected.end(), [](auto& a, auto& b) { return a.score > b.score; });
            expected.resize(100);
            expect_same(index->search(query, 100, admission), expected);
        }
    }
}

TEST(VectorIndex, AnOldIndexIsNotChangedByANewerOne) {
    std::mt19937 random(4);
    const auto vector = unit_vector(random);
    const std::vector<VectorRow> first{{1, 1}};
    const std::vector<VectorRow> second{{2, 2}};
    const auto one = *VectorIndex::empty(kDimensions)->with_added(first, vector);
    const auto two = *one->with_added(second, vector);
    const auto none = two->without_document(1)->without_document(2);
    EXPECT_EQ(one->search(vector, 10, nullptr).size(), 1u);
    EXPECT_EQ(two->search(vector, 10, nullptr).size(), 2u);
    EXPECT_EQ(none->search(vector, 10, nullptr).size(), 0u);
    EXPECT_EQ(none->size(), 0u);
}

}  // namespace
}  // namespace hearth::retrieval
