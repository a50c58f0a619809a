// Template source to tokens, with the whitespace rules Hugging Face renders chat templates under:
// trim_blocks, lstrip_blocks, {%- -%}, one trailing newline dropped, \r\n read as \n.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::llm::jinja {

struct Token {
    enum class Kind {
        kData,
        kPrintBegin,
        kPrintEnd,
        kBlockBegin,
        kBlockEnd,
        kName,
        kString,
        kInteger,
        kFloat,
        kOperator,
        kEnd
    };
    Kind kind = Kind::kEnd;
    std::string text;  ///< data, name, operator, or the string's value
    std::int64_t integer = 0;
    double real = 0;
    int line = 1;
};

/// Ends with a kEnd token. Throws Failure naming the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace hearth::llm::jinja
