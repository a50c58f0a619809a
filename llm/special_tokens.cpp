#include "llm/special_tokens.h"

#include <algorithm>
#include <functional>
#include <string>

namespace hearth::llm {

Status SpecialTokens::add(std::string_view text, int id) {
    if (text.empty()) return {};
    if (text.size() > kMaxBytes)
        return Error(ErrorCode::kDataLoss, "special token " + std::to_string(id) + " is over 256 bytes");
    if (ids_.size() == kMaxTokens) return Error(ErrorCode::kDataLoss, "the vocabulary has over 65536 special tokens");
    ids_.emplace(text, id);
    auto& lengths = lengths_[static_cast<unsigned char>(text[0])];
    const auto place = std::lower_bound(lengths.begin(), lengths.end(), text.size(), std::greater<>());
    if (place == lengths.end() || *place != text.size()) lengths.insert(place, text.size());
    return {};
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, std::size_t from) const {
    for (std::size_t at = from; at < text.size(); ++at) {
        for (const std::size_t length : lengths_[static_cast<unsigned char>(text[at])]) {
            if (length > text.size() - at) continue;
            const int found = id(text.substr(at, length));
            if (found >= 0) return {at, length, found};
        }
    }
    return {};
}

int SpecialTokens::id(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
}

}  // namespace hearth::llm
