#include "llm/prefix_cache.h"

#include <algorithm>
#include <vector>

#include "core/check.h"

namespace hearth::llm {
namespace {

/// A beginning used this often is protected ...
constexpr int kProtectedUses = 3;
/// ... until so many requests have passed without it.
constexpr std::uint64_t kProtectedTicks = 64;

}  // namespace

PrefixCache::~PrefixCache() {
    for (const auto& [key, child] : root_.children) release(*child);
}

void PrefixCache::release(const Node& node) {
    for (const auto& [key, child] : node.children) release(*child);
    pool_.release(node.block);
}

PrefixCache::Key PrefixCache::key_at(std::span<const std::int32_t> tokens, std::uint64_t lora, std::size_t block) {
    Key key{lora, {}};
    std::copy_n(tokens.begin() + static_cast<std::ptrdiff_t>(block * kKvBlockTokens), kKvBlockTokens,
                key.second.begin());
    return key;
}

/// The last token is always computed: its logits are wanted.
std::size_t PrefixCache::shareable_blocks(std::span<const std::int32_t> tokens) {
    return tokens.empty() ? 0 : (tokens.size() - 1) / kKvBlockTokens;
}

int PrefixCache::reuse(std::span<const std::int32_t> tokens, std::uint64_t lora, KvSequence& sequence) {
    ++clock_;
    std::vector<int> shared;
    Node* node = &root_;
    for (std::size_t i = 0; i < shareable_blocks(tokens); ++i) {
        const auto child = node->children.find(key_at(tokens, lora, i));
        if (child == node->children.end()) break;
        node = child->second.get();
        node->last_use = clock_;
        ++node->uses;
        shared.push_back(node->block);
    }
    sequence.share(shared);
    return sequence.length();
}

PrefixCache::Match PrefixCache::match(std::span<const std::int32_t> tokens, std::uint64_t lora) const {
    Match out;
    const Node* node = &root_;
    for (std::size_t i = 0; i < shareable_blocks(tokens); ++i) {
        const auto child = node->children.find(key_at(tokens, lora, i));
        if (child == node->children.end()) break;
        node = child->second.get();
        ++out.blocks;
        out.evictable_blocks += pool_.references(node->block) == 1 ? 1 : 0;
    }
    return out;
}

void PrefixCache::remember(std::span<const std::int32_t> tokens, std::uint64_t lora, const KvSequence& sequence) {
    const std::size_t stored = std::min(tokens.size(), static_cast<std::size_t>(sequence.length()));
    Node* node = &root_;
    for (std::size_t i = 0; i < stored / kKvBlockTokens; ++i) {
        auto& child = node->children[key_at(tokens, lora, i)];
        if (child == nullptr) {
            child = std::make_unique<Node>();
            child->parent = node;
            child->block = sequence.block_ids()[i];
            pool_.retain(child->block);
            ++blocks_;
        }
        node = child.get();
        node->last_use = clock_;
    }
}

bool PrefixCache::is_protected(const Node& node) const {
    return node.uses >= kProtectedUses && clock_ - node.last_use <= kProtectedTicks;
}

bool PrefixCache::goes_before(const Node& a, const Node& b) const {
    if (is_protected(a) != is_protected(b)) return is_protected(b);
    return a.last_use < b.last_use;
}

void PrefixCache::find_victim(const Node& node, const Node*& victim) const {
    for (const auto& [key, child] : node.children) find_victim(*child, victim);
    const bool free_to_go = &node != &root_ && node.children.empty() && pool_.references(node.block) == 1;
    if (free_to_go && (victim == nullptr || goes_before(node, *victim))) victim = &node;
}

bool PrefixCache::evict() {
    const Node* victim = nullptr;
    find_victim(root_, victim);
    if (victim == nullptr) return false;
    pool_.release(victim->block);
    --blocks_;
    auto& siblings = victim->parent->children;
    siblings.erase(std::find_if(siblings.begin(), siblings.end(),
                                [&](const auto& entry) { return entry.second.get() == victim; }));
    return true;
}

bool PrefixCache::count_evictable(const Node& node, int& count) const {
    bool all = true;
    for (const auto& [key, child] : node.children) all = count_evictable(*child, count) && all;
    if (&node == &root_ || !all || pool_.references(node.block) > 1) return false;
    ++count;
    return true;
}

int PrefixCache::evictable_blocks() const {
    int count = 0;
    count_evictable(root_, count);
    return count;
}

}  // namespace hearth::llm
