// Vocabulary-only GGUF files with texts and their ids beside them (`.inp`, `.out`).
#pragma once

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "llm/gguf.h"
#include "llm/gguf_vocabulary.h"
#include "llm/golden_paths.h"
#include "llm/tokenizer.h"

namespace hearth::test {

inline std::string read_text(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

inline std::unique_ptr<llm::Tokenizer> open_tokenizer(const std::string& path) {
    auto file = llm::GgufFile::open(path);
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
    auto tokenizer = llm::make_tokenizer(llm::read_vocabulary(*file.value()).value());
    EXPECT_TRUE(tokenizer.ok()) << (tokenizer.ok() ? "" : tokenizer.error().message);
    return std::move(tokenizer).value();
}

/// Of shared data; skips the test where it is not there.
inline void expect_vocab_file(const std::string& name) {
    const std::string path = shared_path("data/tokenizers/" + name + ".gguf");
    if (path.empty()) GTEST_SKIP() << "no shared data/tokenizers/" << name << ".gguf";
    const auto tokenizer = open_tokenizer(path);
    const std::string input = read_text(path + ".inp");
    std::istringstream expected(read_text(path + ".out"));
    const std::string separator = "\n__ggml_vocab_test__\n";
    std::string line;
    for (std::size_t at = 0; at < input.size() && std::getline(expected, line);) {
        const std::size_t end = std::min(input.find(separator, at), input.size());
        std::istringstream numbers(line);
        std::vector<int> ids;
        for (int id; numbers >> id;) ids.push_back(id);
        const std::string text = input.substr(at, end - at);
        EXPECT_EQ(tokenizer->encode(text, false), ids) << text;
        at = end + separator.size();
    }
}

}  // namespace hearth::test
