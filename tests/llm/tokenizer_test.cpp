#include "llm/tokenizer.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "llm/bpe_merges.h"
#include "llm/golden_paths.h"
#include "llm/pre_tokenizer.h"
#include "llm/vocab_file.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

std::string text_of(const Tokenizer& tokenizer, const std::vector<int>& ids) {
    std::string text;
    for (const int id : ids) text += tokenizer.token_bytes(id);
    return text;
}

void expect_goldens(const Tokenizer& tokenizer, const std::string& name, bool lossless) {
    for (const json& entry : json::parse(test::read_text(test::golden_path(name)))) {
        const auto text = entry["text"].get<std::string>();
        const std::vector<int> ids = tokenizer.encode(text, false);
        EXPECT_EQ(ids, entry["ids"].get<std::vector<int>>()) << text;
        if (lossless) {
            EXPECT_EQ(text_of(tokenizer, ids), text);
        }
    }
}

/// A vocabulary of the 256 bytes plus a few merges and special tokens, for tests without model files.
Vocabulary small_vocabulary() {
    Vocabulary vocabulary;
    int spare = 256;
    for (int b = 0; b < 256; ++b) {
        const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        const int c = printable ? b : spare++;
        std::string spelling;
        if (c >= 128) spelling += static_cast<char>(0xC0 | c >> 6);
        spelling += static_cast<char>(c >= 128 ? 0x80 | (c & 63) : c);
        vocabulary.tokens.push_back(spelling);
    }
    vocabulary.merges = {"a b", "ab c", "b c", "Ċ Ċ"};
    for (const char* token : {"ab", "abc", "bc", "ĊĊ", "<|im_start|>", "<|im_end|>", "<tool>", "<tool>x"}) {
        vocabulary.tokens.push_back(token);
    }
    vocabulary.types.assign(vocabulary.tokens.size(), 1);
    vocabulary.types[260] = vocabulary.types[261] = 3;
    vocabulary.types[262] = vocabulary.types[263] = 4;
    vocabulary.pre_tokenizer = "qwen2";
    vocabulary.eos = 261;
    return vocabulary;
}

std::unique_ptr<Tokenizer> small_tokenizer() {
    return make_tokenizer(small_vocabulary()).value();
}

TEST(BpeTokenizer, MatchesTheQwen2Goldens) {
    const std::string path = test::model_path("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf");
    if (path.empty()) GTEST_SKIP() << "no qwen2.5-coder-0.5b-instruct-q4_k_m.gguf in HEARTH_MODELS";
    const auto tokenizer = test::open_tokenizer(path);
    expect_goldens(*tokenizer, "tokens-qwen2.5.json", true);
    EXPECT_EQ(tokenizer->special_token("<|im_start|>"), 151644);
    EXPECT_EQ(tokenizer->token_bytes(151657), "<tool_call>");
    EXPECT_TRUE(tokenizer->is_end_of_generation(151645));
    EXPECT_TRUE(tokenizer->is_end_of_generation(151643));
}

TEST(BpeTokenizer, MatchesTheSmolLm2Goldens) {
    const std::string path = test::model_path("smollm2-135m-instruct-q4_1.gguf");
    if (path.empty()) GTEST_SKIP() << "no smollm2-135m-instruct-q4_1.gguf in HEARTH_MODELS";
    expect_goldens(*test::open_tokenizer(path), "tokens-smollm2.json", false);
}

TEST(BpeTokenizer, MatchesTheGpt2VocabularyFile) {
    test::expect_vocab_file("gpt-2");
}
TEST(BpeTokenizer, MatchesTheStarcoderVocabularyFile) {
    test::expect_vocab_file("starcoder");
}

TEST(BpeTokenizer, MergesTheBestRankFirst) {
    const auto tokenizer = small_tokenizer();
    EXPECT_EQ(tokenizer->encode("abc", false), std::vector<int>({257}));
    EXPECT_EQ(tokenizer->encode("bcab", false), std::vector<int>({258, 256}));
    EXPECT_EQ(tokenizer->token_bytes(257), "abc");
    EXPECT_EQ(tokenizer->token_bytes(260), "");
    EXPECT_EQ(tokenizer->token_text(260), "<|im_start|>");
}

TEST(BpeTokenizer, ReadsSpecialTokensOnlyWhereAllowed) {
    const auto tokenizer = small_tokenizer();
    EXPECT_EQ(tokenizer->encode("ab<|im_end|>", true), std::vector<int>({256, 261}));
    const std::vector<int> plain = tokenizer->encode("ab<|im_end|>", false);
    EXPECT_EQ(std::count(plain.begin(), plain.end(), 261), 0);
    EXPECT_EQ(text_of(*tokenizer, plain), "ab<|im_end|>");
    EXPECT_EQ(tokenizer->encode("<tool>x", true), std::vector<int>({263})) << "the longest special token wins";
}

TEST(BpeTokenizer, MergesAcrossSegmentsButNeverAssemblesSpecialTokens) {
    const auto tokenizer = small_tokenizer();
    EXPECT_EQ(tokenizer->encode({{"<|im_start|>\n", true}, {"\nab", false}, {"c<|im_end|>", true}}),
              std::vector<int>({260, 259, 257, 261}));
    for (const int id : tokenizer->encode({{"<|im_", true}, {"end|>", false}})) EXPECT_LT(id, 260);
    for (const int id : tokenizer->encode({{"<|im_", true}, {"end|>", true}})) EXPECT_LT(id, 260);
}

TEST(BpeTokenizer, AddsBosOnceWhereTheVocabularyAsks) {
    Vocabulary vocabulary = small_vocabulary();
    vocabulary.bos = 260;
    vocabulary.add_bos = true;
    const auto tokenizer = make_tokenizer(std::move(vocabulary)).value();
    EXPECT_EQ(tokenizer->encode({{"ab", true}}), std::vector<int>({260, 256}));
    EXPECT_EQ(tokenizer->encode({{"<|im_start|>ab", true}}), std::vector<int>({260, 256}));
}

TEST(BpeTokenizer, KeepsEveryByteOfRandomInput) {
    const auto tokenizer = small_tokenizer();
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::string text;
        for (int i = 0; i < 200; ++i) text += static_cast<char>(random() % 4 ? "abc '\n\t1!"[random() % 9] : random());
        EXPECT_EQ(text_of(*tokenizer, tokenizer->encode(text, false)), text);
    }
}

TEST(BpeTokenizer, RefusesVocabulariesThatContradictThemselves) {
    Vocabulary unknown_merge = small_vocabulary();
    unknown_merge.merges.push_back("q q");
    EXPECT_EQ(make_tokenizer(unknown_merge).error().code, ErrorCode::kDataLoss);
    Vocabulary short_types = small_vocabulary();
    short_types.types.pop_back();
    EXPECT_EQ(make_tokenizer(short_types).error().code, ErrorCode::kDataLoss);
    Vocabulary bad_eos = small_vocabulary();
    bad_eos.eos = 100000;
    EXPECT_EQ(make_tokenizer(bad_eos).error().code, ErrorCode::kDataLoss);
    Vocabulary strange = small_vocabulary();
    strange.pre_tokenizer = "strange";
    EXPECT_EQ(make_tokenizer(strange).error().code, ErrorCode::kUnsupported);
}

TEST(MergeTable, HeapAndScanAgree) {
    MergeTable table(64);
    std::mt19937 random(3);
    for (int rank = 0; rank < 64; ++rank) {
        table.insert(static_cast<int>(random() % 12), static_cast<int>(random() % 12),
                     {rank, static_cast<int>(random() % 12)});
    }
    for (int round = 0; round < 300; ++round) {
        std::vector<int> word(1 + random() % 70);
        for (int& id : word) id = static_cast<int>(random() % 12);
        // The definition, written out plainly.
        std::vector<int> expected = word;
        for (;;) {
            std::size_t best = expected.size();
            MergeTable::Merge chosen;
            for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
                const auto merge = table.find(expected[i], expected[i + 1]);
                if (merge.rank >= 0 && (chosen.rank < 0 || merge.rank < chosen.rank)) {
                    chosen = merge;
                    best = i;
                }
            }
            if (chosen.rank < 0) break;
            expected[best] = chosen.token;
            expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(best) + 1);
        }
        apply_merges(table, word);
        EXPECT_EQ(word, expected);
    }
}

std::vector<std::string> words_of(PreTokenizer kind, std::string_view text) {
    std::vector<std::string> words;
    WordScanner scanner(kind, text);
    for (auto word = scanner.next(); !word.empty(); word = scanner.next()) words.emplace_back(word);
    return words;
}

TEST(WordScanner, CutsAsEachExpressionDoes) {
    using Words = std::vector<std::string>;
    EXPECT_EQ(words_of(PreTokenizer::kQwen2, "I'LL go  now!\n\n 12"),
              Words({"I", "'LL", " go", " ", " now", "!\n\n", " ", "1", "2"}));
    EXPECT_EQ(words_of(PreTokenizer::kGpt2, "I'LL it's  12 x\n\n"),
              Words({"I", "'", "LL", " it", "'s", " ", " 12", " x", "\n\n"}));
    EXPECT_EQ(words_of(PreTokenizer::kDigits, "a  12 b"), Words({"a", "  ", "1", "2", " b"}));
    EXPECT_EQ(words_of(PreTokenizer::kQwen2, " \n \n  x"), Words({" \n \n", " ", " x"}));
}

TEST(WordScanner, CutsTextsAsTheReferenceDoes) {
    const json cases = json::parse(test::read_text(test::golden_path("pre_tokenizers.json")));
    for (const auto& [name, expected] : cases["words"].items()) {
        const WordRules rules = word_rules_by_name(name).value();
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto text = cases["texts"][i].get<std::string>();
            EXPECT_EQ(words_of(rules.kind, text), expected[i].get<std::vector<std::string>>()) << name << ": " << text;
        }
    }
}

TEST(BpeTokenizer, AFamilyMayTakeWordsThatAreTokensWhole) {
    Vocabulary vocabulary = small_vocabulary();
    vocabulary.merges = {"b c"};  // which alone would never give "abc"
    EXPECT_EQ(make_tokenizer(vocabulary).value()->encode("abc", false), std::vector<int>({97, 258}));
    vocabulary.pre_tokenizer = "llama-bpe";
    EXPECT_EQ(make_tokenizer(vocabulary).value()->encode("abc", false), std::vector<int>({257}));
}

}  // namespace
}  // namespace hearth::llm
