// Any bytes as a tokenizer.json: refused, or a WordPiece tokenizer whose ids are its own and whose spans lie inside the
// text. The file ends at the first 0xFF; what follows is the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "llm/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = all.find('\xFF');
    const std::string_view text = cut == std::string_view::npos ? "Caf\xC3\xA9 [CLS] unaffable" : all.substr(cut + 1);
    const auto tokenizer = hearth::llm::make_wordpiece_tokenizer(all.substr(0, cut));
    if (!tokenizer.ok()) return 0;
    std::size_t last = 0;
    for (const auto& token : (*tokenizer)->encode(text)) {
        HEARTH_CHECK(token.id >= 0 && token.id < (*tokenizer)->size());
        HEARTH_CHECK(token.span.start >= last && token.span.start <= token.span.end && token.span.end <= text.size());
        last = token.span.start;
    }
    return 0;
}
