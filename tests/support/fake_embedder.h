// An embedder without a model: words hashed into a bag, as a unit vector. Texts that share words are near each other.
#pragma once

#include <atomic>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "retrieval/embedder.h"

namespace hearth::test {

class FakeEmbedder : public retrieval::Embedder {
  public:
    explicit FakeEmbedder(int dimensions = 64, std::string id = "fake") : dimensions_(dimensions), id_(std::move(id)) {}

    std::string id() const override { return id_; }
    int dimensions() const override { return dimensions_; }
    Result<std::vector<float>> embed(std::span<const std::string> texts) override {
        ++calls;
        if (failing) return Error(ErrorCode::kUnavailable, "the embedder is away");
        std::vector<float> out;
        for (const std::string& text : texts) {
            const std::vector<float> row = vector_of(text);
            out.insert(out.end(), row.begin(), row.end());
        }
        return out;
    }

    std::vector<float> vector_of(const std::string& text) const {
        std::vector<float> row(static_cast<std::size_t>(dimensions_), 0.0f);
        std::uint64_t hash = kOffset;
        bool in_word = false;
        for (std::size_t i = 0; i <= text.size(); ++i) {
            const bool letter = i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0;
            if (letter) {
                hash = (hash ^ static_cast<std::uint64_t>(std::tolower(static_cast<unsigned char>(text[i])))) * kPrime;
                in_word = true;
            } else if (in_word) {
                row[hash % row.size()] += 1.0f;
                hash = kOffset;
                in_word = false;
            }
        }
        float length = 0;
        for (const float value : row) length += value * value;
        if (length == 0) row[0] = length = 1;
        for (float& value : row) value /= std::sqrt(length);
        return row;
    }

    std::atomic<int> calls{0};
    std::atomic<bool> failing{false};

  private:
    static constexpr std::uint64_t kOffset = 14695981039346656037ull;  // FNV-1a
    static constexpr std::uint64_t kPrime = 1099511628211ull;
    int dimensions_;
    std::string id_;
};

}  // namespace hearth::test
