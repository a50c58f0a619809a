#include "llm/wordpiece_vocab.h"

#include <utility>

namespace hearth::llm {

ByteTrie::ByteTrie() : shift_(64 - 10), edges_(1u << 10), ids_(1, -1) {}

std::size_t ByteTrie::slot_of(std::uint64_t key) const {
    std::size_t at = (key * 0x9E3779B97F4A7C15u) >> shift_;
    while (edges_[at].key != kEmpty && edges_[at].key != key) at = (at + 1) & (edges_.size() - 1);
    return at;
}

void ByteTrie::grow() {
    const std::vector<Edge> old = std::exchange(edges_, std::vector<Edge>(edges_.size() * 2));
    --shift_;
    for (const Edge& edge : old) {
        if (edge.key != kEmpty) edges_[slot_of(edge.key)] = edge;
    }
}

void ByteTrie::insert(std::string_view key, int id) {
    std::uint32_t node = 0;
    for (const char c : key) {
        if (2 * ids_.size() > edges_.size()) grow();
        const std::uint64_t edge_key = std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
        Edge& edge = edges_[slot_of(edge_key)];
        if (edge.key == kEmpty) {
            edge = {edge_key, static_cast<std::uint32_t>(ids_.size())};
            ids_.push_back(-1);
        }
        node = edge.node;
    }
    ids_[node] = id;
}

ByteTrie::Match ByteTrie::longest(std::string_view text) const {
    Match match;
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const Edge& edge = edges_[slot_of(std::uint64_t{node} << 8 | static_cast<unsigned char>(text[i]))];
        if (edge.key == kEmpty) break;
        node = edge.node;
        if (ids_[node] >= 0) match = {ids_[node], i + 1};
    }
    return match;
}

}  // namespace hearth::llm
