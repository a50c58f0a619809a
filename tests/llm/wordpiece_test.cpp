#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "llm/golden_paths.h"
#include "llm/tokenizer.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

std::string read_text(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

json small_document() {
    return json::parse(R"({"normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 10,
                  "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##a": 4, "##able": 5, "a": 6, ",": 7}}})");
}

std::vector<int> ids_of(const std::vector<WordPieceTokenizer::Token>& tokens) {
    std::vector<int> ids;
    for (const auto& token : tokens) ids.push_back(token.id);
    return ids;
}

void expect_cases(const WordPieceTokenizer& tokenizer, const json& cases) {
    for (const json& entry : cases) {
        const auto text = entry["text"].get<std::string>();
        const auto tokens = tokenizer.encode(text);
        EXPECT_EQ(ids_of(tokens), entry["ids"].get<std::vector<int>>()) << text;
        json spans = json::array();
        for (const auto& token : tokens) spans.push_back({token.span.start, token.span.end});
        EXPECT_EQ(spans, entry["spans"]) << text;
    }
}

TEST(WordPiece, MatchesTheReferenceTokenizerInIdsAndSpans) {
    const json golden = json::parse(read_text(test::golden_path("wordpiece_cases.json")));
    const auto tokenizer = make_wordpiece_tokenizer(golden["tokenizer"].dump());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
    expect_cases(**tokenizer, golden["cases"]);
}

TEST(WordPiece, MatchesTheReferenceWithTheWholeVocabulary) {
    const std::string path = test::model_path("all-MiniLM-L6-v2/tokenizer.json");
    if (path.empty()) GTEST_SKIP() << "no all-MiniLM-L6-v2 in HEARTH_MODELS";
    const auto tokenizer = make_wordpiece_tokenizer(read_text(path));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
    expect_cases(**tokenizer, json::parse(read_text(test::golden_path("wordpiece_cases.json")))["cases"]);
    EXPECT_EQ(tokenizer.value()->cls(), 101);
    EXPECT_EQ(tokenizer.value()->sep(), 102);
    EXPECT_EQ(tokenizer.value()->size(), 30522);
    const std::string shared = test::shared_path("data/golden/minilm.json");
    if (shared.empty()) return;
    for (const json& entry : json::parse(read_text(shared))) {
        std::vector<int> ids = ids_of(tokenizer.value()->encode(entry["text"].get<std::string>()));
        ids.resize(std::min<std::size_t>(ids.size(), 254));
        ids.insert(ids.begin(), 101);
        ids.push_back(102);
        EXPECT_EQ(ids, entry["ids"].get<std::vector<int>>()) << entry["text"];
    }
}

TEST(WordPiece, TakesTheLongestPieceAndKnowsWhenThereIsNone) {
    const auto tokenizer = make_wordpiece_tokenizer(small_document().dump()).value();
    EXPECT_EQ(ids_of(tokenizer->encode("Unable, unb")), std::vector<int>({3, 5, 7, 0}));
    const auto overlong = tokenizer->encode("a aaaaaaaaaaaa,");
    EXPECT_EQ(ids_of(overlong), std::vector<int>({6, 0, 7}));
    EXPECT_EQ(overlong[1].span.start, 2u);
    EXPECT_EQ(overlong[1].span.end, 14u);
}

TEST(WordPiece, NeverReadsSpecialTokensInText) {
    for (const int id : ids_of(make_wordpiece_tokenizer(small_document().dump()).value()->encode("[CLS] a [SEP]"))) {
        EXPECT_NE(id, 1);
        EXPECT_NE(id, 2);
    }
}

TEST(WordPiece, SurvivesBytesThatAreNotUtf8) {
    const auto tokenizer = make_wordpiece_tokenizer(small_document().dump()).value();
    EXPECT_EQ(ids_of(tokenizer->encode("un\xff\xc3 a")), std::vector<int>({3, 6}));
}

TEST(WordPiece, RefusesOtherTokenizers) {
    EXPECT_EQ(make_wordpiece_tokenizer("{").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(make_wordpiece_tokenizer("[]").error().code, ErrorCode::kDataLoss);
    json other = small_document();
    other["model"]["type"] = "BPE";
    EXPECT_EQ(make_wordpiece_tokenizer(other.dump()).error().code, ErrorCode::kUnsupported);
    json no_cls = small_document();
    no_cls["model"]["vocab"].erase("[CLS]");
    EXPECT_EQ(make_wordpiece_tokenizer(no_cls.dump()).error().code, ErrorCode::kDataLoss);
    json bad_id = small_document();
    bad_id["model"]["vocab"]["a"] = -5;
    EXPECT_EQ(make_wordpiece_tokenizer(bad_id.dump()).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace hearth::llm
