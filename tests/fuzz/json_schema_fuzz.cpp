// Bytes up to the first 0xFF as a schema, the rest as a text: what a schema's grammar accepts to the end must be JSON
// and must satisfy the schema.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/json.h"
#include "llm/grammar.h"
#include "tests/support/fake_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const auto trie = hearth::llm::make_token_trie(hearth::llm::FakeTokenizer());
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = all.find('\xFF');
    const std::string_view schema = all.substr(0, cut);
    const std::string_view text = cut == std::string_view::npos ? std::string_view() : all.substr(cut + 1);
    const hearth::Status valid = hearth::llm::validate_json(text, schema);
    const auto grammar = hearth::llm::compile_json_schema(schema);
    if (!grammar.ok()) return 0;
    const auto matcher = hearth::llm::make_matcher(*grammar, trie);
    if (!matcher->accept_text(text) || !matcher->complete()) return 0;
    HEARTH_CHECK(hearth::parse_json(text).ok());
    // oneOf is generated as anyOf; and a validator that ran out of steps has not said no.
    if (schema.find("oneOf") != std::string_view::npos || schema.find('\\') != std::string_view::npos) return 0;
    HEARTH_CHECK(valid.ok() || valid.error().code == hearth::ErrorCode::kResourceExhausted);
    return 0;
}
