#include "llm/grammar.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "support/fake_tokenizer.h"

namespace hearth::llm {
namespace {

const std::vector<std::string> kPieces = {
    "{\"",      "\":",      "\": ",     "\", \"", "\"}", "\"]",   "[]",   "{}",          "}}",    "]}",
    "true",     "null",     "fal",      "12",     "00",  "-1",    "1.5",  "e1",          "ab",    "hello",
    "\xC3\xA4", "\xE2\x82", "\x82\xAC", "\\n",    "\\u", "\\uD8", "D83D", "<tool_call>", "\"a\"", "name",
    ", ",       ",",        "  ",       "\n",     "\"b", "\": [", "[[[["};

std::shared_ptr<const Grammar> compiled(const std::string& schema) {
    auto grammar = compile_json_schema(schema);
    EXPECT_TRUE(grammar.ok()) << schema << ": " << grammar.error().message;
    return *grammar;
}

bool generates(const std::string& schema, const std::string& text) {
    static const auto trie = make_token_trie(FakeTokenizer());
    const auto matcher = make_matcher(compiled(schema), trie);
    return matcher->accept_text(text) && matcher->complete();
}

/// Follows the mask from token to token, at random, and towards the end once the text is long.
std::optional<std::string> random_walk(const std::shared_ptr<const Grammar>& grammar, const FakeTokenizer& tokenizer,
                                       const std::shared_ptr<const TokenTrie>& trie, std::mt19937& random) {
    const auto matcher = make_matcher(grammar, trie);
    std::string text;
    std::vector<std::uint8_t> mask;
    for (int step = 0; step < 3000; ++step) {
        matcher->fill_mask(mask);
        EXPECT_EQ(mask.size(), static_cast<std::size_t>(tokenizer.size()));
        EXPECT_EQ(mask[static_cast<std::size_t>(tokenizer.control())], 0);
        EXPECT_EQ(mask[static_cast<std::size_t>(tokenizer.end())] == 1, matcher->complete());
        if (matcher->complete() && (step > 40 || random() % 4 == 0)) return text;
        std::vector<int> allowed;
        std::vector<int> closing;
        for (int id = 0; id < tokenizer.control(); ++id) {
            if (mask[static_cast<std::size_t>(id)] == 0) continue;
            allowed.push_back(id);
            if (id < 256 && std::string_view("\"]}").find(static_cast<char>(id)) != std::string_view::npos)
                closing.push_back(id);
        }
        if (allowed.empty() && matcher->complete()) return text;
        if (allowed.empty()) break;
        const std::vector<int>& from = step > 25 && !closing.empty() && random() % 8 != 0 ? closing : allowed;
        const int token = from[random() % from.size()];
        EXPECT_TRUE(matcher->accept(token));
        text += tokenizer.token_bytes(token);
    }
    ADD_FAILURE() << "the walk did not end: " << sanitize_utf8(text).substr(0, 400);
    return std::nullopt;
}

void expect_walks_satisfy(const std::string& schema, int walks, std::mt19937& random) {
    static const FakeTokenizer tokenizer(kPieces);
    static const auto trie = make_token_trie(tokenizer);
    const auto grammar = compiled(schema);
    for (int i = 0; i < walks; ++i) {
        const auto text = random_walk(grammar, tokenizer, trie, random);
        ASSERT_TRUE(text) << schema;
        const Status valid = validate_json(*text, schema);
        ASSERT_TRUE(valid.ok()) << schema << "\n" << *text << "\n" << valid.error().message;
    }
}

TEST(Grammar, WritesDeclaredPropertiesInOrder) {
    const std::string schema = R"({"type":"object","required":["b"],
        "properties":{"z":{"type":"integer"},"b":{"type":"boolean"},"a":{"type":"null"}}})";
    EXPECT_TRUE(generates(schema, R"({"z": 1, "b": true, "a": null})"));
    EXPECT_TRUE(generates(schema, R"({"z":1,"b":true})"));
    EXPECT_TRUE(generates(schema, R"({"b": false})"));
    EXPECT_TRUE(generates(schema, R"({"b": false,"a":null})"));
    EXPECT_FALSE(generates(schema, R"({"b": false, "z": 1})"));
    EXPECT_FALSE(generates(schema, R"({"z": 1})"));
    EXPECT_FALSE(generates(schema, R"({"z": 1, })"));
    EXPECT_FALSE(generates(schema, R"({"b": true, "c": 1})"));
    EXPECT_FALSE(generates(schema, R"({"b":  true})"));
    EXPECT_FALSE(generates(schema, "{\n\"b\": true}"));
    EXPECT_FALSE(generates(schema, R"({ "b": true})"));
    EXPECT_FALSE(generates(schema, "{}"));
}

TEST(Grammar, KeepsAdditionalPropertiesApartFromDeclaredOnes) {
    const std::string schema =
        "{\"properties\":{\"ab\":{\"type\":\"integer\"},\"\xC3\xA4\":true},\"additionalProperties\":{\"type\":\"null\"}"
        "}";
    EXPECT_TRUE(generates(schema, R"({"ab": 1, "abc": null, "a": null, "x": null})"));
    EXPECT_TRUE(generates(schema, "{\"\xC3\xA5\": null, \"\xC3\xA4\xC3\xA4\": null, \"\": null}"));
    EXPECT_TRUE(generates(schema, R"({"x\u0061": null})"));
    EXPECT_FALSE(generates(schema, R"({"ab": null})"));
    EXPECT_FALSE(generates(schema, R"({"ab": 1, "ab": null})"));
    EXPECT_FALSE(generates(schema, R"({"a\u0062": null})"));
    EXPECT_FALSE(generates(schema, "{\"x\": null, \"\xC3\xA4\": null}"));
}

TEST(Grammar, WritesFreeObjectsArraysAndValues) {
    for (const char* schema : {"{}", "true", R"({"description":"anything","x-order":1})"}) {
        EXPECT_TRUE(generates(schema, R"({"a": [1, {"b": null}], "c": "d"})")) << schema;
        EXPECT_TRUE(generates(schema, "-1.5e+10")) << schema;
    }
    EXPECT_TRUE(generates(R"({"type":"object"})", R"({"a":{}})"));
    EXPECT_FALSE(generates(R"({"type":"object","properties":{}})", R"({"a":{}})"));
    EXPECT_TRUE(generates(R"({"type":"object","properties":{}})", "{}"));
    EXPECT_TRUE(generates("{}", std::string(16, '[') + std::string(16, ']')));
    EXPECT_FALSE(generates("{}", std::string(17, '[') + std::string(17, ']')));
    EXPECT_TRUE(generates(R"({"required":["a"]})", R"({"a":1,"b":2})"));
    EXPECT_FALSE(generates(R"({"required":["a"]})", R"({"b":2})"));
}

TEST(Grammar, WritesNumbers) {
    const std::string number = R"({"type":"number"})";
    for (const char* text : {"0", "-0", "10", "-12.50", "1e5", "1E-05", "0.001", "999999999999999999"})
        EXPECT_TRUE(generates(number, text)) << text;
    for (const char* text : {"01", "+1", ".5", "1.", "1e", "--1", "1e999", "NaN", "-", "1234567890123456789"})
        EXPECT_FALSE(generates(number, text)) << text;
    const std::string integer = R"({"type":"integer"})";
    EXPECT_TRUE(generates(integer, "-999999999999999999"));
    EXPECT_FALSE(generates(integer, "1.0"));
    EXPECT_FALSE(generates(integer, "1e2"));
}

TEST(Grammar, EnforcesIntegerBoundsExactly) {
    const std::vector<std::pair<int, int>> ranges = {{0, 9},     {1, 50},       {-3, 7}, {-120, -99},
                                                     {95, 1205}, {-1000, 1000}, {7, 7}};
    for (const auto& [low, high] : ranges) {
        const std::string schema = "{\"type\":\"integer\",\"minimum\":" + std::to_string(low) +
                                   ",\"exclusiveMaximum\":" + std::to_string(high + 1) + "}";
        const auto grammar = compiled(schema);
        const auto trie = make_token_trie(FakeTokenizer());
        for (int value = -1300; value <= 1300; ++value) {
            const auto matcher = make_matcher(grammar, trie);
            const bool written = matcher->accept_text(std::to_string(value)) && matcher->complete();
            ASSERT_EQ(written, low <= value && value <= high) << schema << " " << value;
        }
    }
    EXPECT_FALSE(generates(R"({"type":"integer","minimum":0.5})", "0"));
    EXPECT_TRUE(generates(R"({"type":"integer","minimum":0.5})", "1"));
    EXPECT_TRUE(generates(R"({"type":"integer","maximum":1e30})", "999999999999999999"));
}

TEST(Grammar, WritesStringsThatParse) {
    const std::string string = R"({"type":"string","format":"date"})";
    for (const char* text : {R"("")", R"("a\n\"\\\/\u00e4\uD83D\uDE00")", "\"\xF0\x9F\x98\x80\xED\x9F\xBF\""})
        EXPECT_TRUE(generates(string, text)) << text;
    for (const char* text : {"\"\n\"", R"("\x")", R"("\uD83D")", R"("\uDE00")", R"("\uD83D\u0041")", "\"\xC0\x80\"",
                             "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xC3\"", "\"\xFF\""})
        EXPECT_FALSE(generates(string, text)) << text;
    EXPECT_TRUE(generates(R"({"minLength":2,"maxLength":2})", "\"\xC3\xA4\\uD83D\\uDE00\""));
    EXPECT_FALSE(generates(R"({"minLength":2,"maxLength":2})", R"("abc")"));
    EXPECT_FALSE(generates(R"({"type":"string","minLength":2})", R"("a")"));
    EXPECT_TRUE(generates(R"({"type":"string","minLength":2})", R"("abcdef")"));
}

TEST(Grammar, WritesArrays) {
    const std::string schema = R"({"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3})";
    EXPECT_TRUE(generates(schema, "[1, 2,3]"));
    EXPECT_FALSE(generates(schema, "[]"));
    EXPECT_FALSE(generates(schema, "[1,2,3,4]"));
    EXPECT_FALSE(generates(schema, "[1,]"));
    EXPECT_TRUE(generates(R"({"type":"array","items":false})", "[]"));
    EXPECT_FALSE(generates(R"({"type":"array","items":false})", "[1]"));
    EXPECT_TRUE(generates(R"({"type":"array","items":{"type":"integer"}})", "[1,2]"));
    EXPECT_TRUE(generates(R"({"type":"array","items":{"type":"integer"}})", "[]"));
    EXPECT_FALSE(generates(R"({"type":"array","items":{"type":"integer"}})", "[1,]"));
    EXPECT_TRUE(generates(R"({"type":"array","minItems":2})", "[1,2,[3]]"));
}

TEST(Grammar, WritesAlternativesAndConstants) {
    EXPECT_TRUE(generates(R"({"enum":["red","green",3,{"a":[1,2]}]})", R"({"a": [1,2]})"));
    EXPECT_TRUE(generates(R"({"enum":["red","green",3],"type":"string"})", R"("green")"));
    EXPECT_FALSE(generates(R"({"enum":["red","green",3],"type":"string"})", "3"));
    EXPECT_TRUE(generates(R"({"const":null})", "null"));
    EXPECT_TRUE(generates(R"({"type":["integer","null"]})", "null"));
    EXPECT_FALSE(generates(R"({"type":["integer","null"]})", "true"));
    const std::string beside = R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},
        "anyOf":[{"required":["a"]},{"required":["b"]}]})";
    EXPECT_TRUE(generates(beside, R"({"b":null})"));
    EXPECT_TRUE(generates(beside, R"({"a":null})"));
    EXPECT_FALSE(generates(beside, "{}"));
    EXPECT_TRUE(generates(R"({"allOf":[{"$ref":"#/definitions/n"}],"definitions":{"n":{"type":"null"}}})", "null"));
}

TEST(Grammar, FollowsRecursionToItsLimitAndOut) {
    const std::string schema = R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","required":["v"],
        "properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}}}}})";
    EXPECT_TRUE(generates(schema, R"({"v": 1, "next": {"v": 2, "next": null}})"));
    const auto matcher = make_matcher(compiled(schema), FakeTokenizer());
    int levels = 0;
    std::string text;
    while (matcher->accept_text(R"({"v":1,"next":)") && ++levels < 100) text += R"({"v":1,"next":)";
    EXPECT_LT(levels, 60);
    ASSERT_TRUE(matcher->accept_text("null" + std::string(static_cast<std::size_t>(levels), '}')));
    EXPECT_TRUE(matcher->complete());
    EXPECT_TRUE(parse_json(text + "null" + std::string(static_cast<std::size_t>(levels), '}')).ok());
}

TEST(Grammar, SurvivesAmbiguityAtEveryLevel) {
    const std::string schema = R"({"anyOf":[{"type":"array","items":{"$ref":"#"}},
        {"type":"array","items":{"$ref":"#"},"maxItems":9},{"type":"array","items":{"$ref":"#"},"maxItems":8}]})";
    EXPECT_TRUE(generates(schema, std::string(40, '[') + std::string(40, ']')));
}

TEST(Grammar, WritesToolCalls) {
    const std::vector<ToolSchema> tools = {
        {"search", R"({"type":"object","properties":{"query":{"type":"string"}},"required":["query"]})"}, {"free", ""}};
    const auto grammar = compile_tool_call(tools);
    ASSERT_TRUE(grammar.ok());
    const auto accepts = [&](const std::string& text) {
        const auto matcher = make_matcher(*grammar, FakeTokenizer());
        return matcher->accept_text(text) && matcher->complete();
    };
    EXPECT_TRUE(accepts("<tool_call>\n{\"name\": \"search\", \"arguments\": {\"query\": \"x\"}}\n</tool_call>"));
    EXPECT_TRUE(accepts("<tool_call>\n{\"name\": \"free\", \"arguments\": {\"any\": 1}}\n</tool_call>"));
    EXPECT_FALSE(accepts("<tool_call>\n{\"name\": \"search\", \"arguments\": {}}\n</tool_call>"));
    EXPECT_FALSE(accepts("<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call>"));
    EXPECT_FALSE(accepts("<tool_call>\n{\"name\": \"free\", \"arguments\": {}}\n</tool_call>\n"));
    const auto refused = compile_tool_call({{"bad", R"({"pattern":"x"})"}});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("'bad'"), std::string::npos);
    EXPECT_FALSE(compile_tool_call({}).ok());
}

TEST(Grammar, BoundsTheNamesOfProperties) {
    const auto schema_of = [](std::size_t bytes) {
        return R"({"type":"object","properties":{")" + std::string(bytes, 'n') +
               R"(":{"type":"null"}},"additionalProperties":true})";
    };
    EXPECT_TRUE(generates(schema_of(256), "{\"" + std::string(256, 'n') + "\":null}"));
    EXPECT_TRUE(generates(schema_of(256), "{\"" + std::string(255, 'n') + "\":1}"));
    EXPECT_FALSE(generates(schema_of(256), "{\"" + std::string(256, 'n') + "\":1}"));
    for (const auto& schema :
         {schema_of(257), schema_of(60000), R"({"type":"object","required":[")" + std::string(257, 'r') + R"("]})"}) {
        EXPECT_EQ(compile_json_schema(schema).error().code, ErrorCode::kInvalidArgument) << schema.substr(0, 80);
    }
}

TEST(Grammar, BoundsTheNamesOfAllPropertiesTogether) {
    // 60 KiB of names that share no beginning: every byte is a state that knows how to leave the names.
    std::string properties;
    for (int i = 0; i < 220; ++i) {
        std::string name = std::to_string(1000 + i) + std::string(250, static_cast<char>('a' + i % 26));
        properties += (i > 0 ? ",\"" : "\"") + name + "\":{}";
    }
    EXPECT_TRUE(
        compile_json_schema(R"({"type":"object","additionalProperties":true,"properties":{)" + properties + "}}").ok());
}

TEST(Grammar, LongEnumsCostWhatTheyHold) {
    std::string values;
    for (int i = 0; i < 9000; ++i) values += (i > 0 ? "," : "") + std::to_string(10000 + i);
    const std::string list = R"({"enum":[)" + values + "]}";
    EXPECT_TRUE(generates(list, "18999"));
    EXPECT_FALSE(generates(list, "19000"));
    std::string array = "[18999";
    for (int i = 0; i < 1000; ++i) array += ",18999";
    EXPECT_EQ(validate_json(array + "]", R"({"type":"array","items":)" + list + "}").error().code,
              ErrorCode::kResourceExhausted);
}

TEST(GrammarMatcher, MasksExactlyTheTokensThatKeepAValidPrefix) {
    const FakeTokenizer tokenizer(kPieces);
    const auto grammar = compiled(R"({"type":"object","properties":{"a":{"type":"string"},"name":{"enum":[12,1.5]}}})");
    const auto trie = make_token_trie(tokenizer);
    for (const std::string prefix :
         {"", "{", "{\"", "{\"a\": \"x", "{\"a\": \"x\\u", "{\"a\": \"\", ", "{\"name\":1", "{}"}) {
        const auto matcher = make_matcher(grammar, trie);
        ASSERT_TRUE(matcher->accept_text(prefix)) << prefix;
        std::vector<std::uint8_t> mask;
        matcher->fill_mask(mask);
        for (int id = 0; id < tokenizer.control(); ++id) {
            const auto probe = make_matcher(grammar, trie);
            const bool fits = probe->accept_text(prefix + std::string(tokenizer.token_bytes(id)));
            ASSERT_EQ(mask[static_cast<std::size_t>(id)] == 1, fits) << prefix << " + token " << id;
        }
    }
}

TEST(GrammarMatcher, RefusesForbiddenTokensAndStaysWhereItIs) {
    const FakeTokenizer tokenizer(kPieces);
    const auto matcher = make_matcher(compiled(R"({"type":"integer"})"), tokenizer);
    EXPECT_FALSE(matcher->accept(tokenizer.end()));
    EXPECT_FALSE(matcher->accept(tokenizer.control()));
    EXPECT_FALSE(matcher->accept(-1));
    EXPECT_FALSE(matcher->accept(tokenizer.size()));
    EXPECT_FALSE(matcher->accept_text("12x"));
    EXPECT_TRUE(matcher->accept('7'));
    EXPECT_FALSE(matcher->accept('x'));
    EXPECT_TRUE(matcher->complete());
    EXPECT_TRUE(matcher->accept(tokenizer.end()));
    EXPECT_TRUE(matcher->accept('1'));
}

TEST(GrammarMatcher, KeepsWorkingWhenItsTablesStartOver) {
    const std::string schema = R"({"type":"array","items":{"type":"string","maxLength":20000}})";
    const auto matcher = make_matcher(compiled(schema), FakeTokenizer());
    const std::string text = "[\"" + std::string(15'000, 'x');
    for (const char c : text) ASSERT_TRUE(matcher->accept_text(std::string_view(&c, 1)));
    EXPECT_TRUE(matcher->accept_text(std::string(5'000, 'y')));
    EXPECT_FALSE(matcher->accept_text("z"));
    EXPECT_TRUE(matcher->accept_text("\", \"\"]"));
    EXPECT_TRUE(matcher->complete());
}

/// Schemas out of the supported keywords. oneOf stays out: its branches may overlap by design.
class SchemaMaker {
  public:
    explicit SchemaMaker(std::mt19937& random) : random_(random) {}

    nlohmann::json make(int depth) {
        switch (random_() % (depth > 0 ? 10 : 6)) {
            case 0:
                return {{"type", "string"}, {"minLength", pick(3)}, {"maxLength", 3 + pick(5)}};
            case 1:
                return {{"type", "integer"}, {"minimum", -pick(200)}, {"maximum", pick(30'000)}};
            case 2:
                return {{"type", nlohmann::json::array({"number", "null", "boolean"})}};
            case 3:
                return {{"enum", nlohmann::json::array({"a", "\"b\\", 1.5, nullptr, {{"k", {1, 2}}}})}};
            case 4:
                return {{"type", "string"}};
            case 5:
                return pick(2) == 0 ? nlohmann::json(true) : nlohmann::json{{"const", "x y"}};
            case 6:
                return array(depth);
            case 7:
                return {{"anyOf", nlohmann::json::array({make(depth - 1), make(depth - 1)})}};
            case 8:
                return pick(2) == 0 ? nlohmann::json{{"$ref", "#/$defs/shared"}} : array(depth);
            default:
                return object(depth);
        }
    }

    std::string document() {
        nlohmann::json root = object(3);
        root["$defs"]["shared"] = {{"type", "object"},
                                   {"properties", {{"v", make(0)}, {"more", {{"$ref", "#/$defs/shared"}}}}},
                                   {"required", {"v"}}};
        return root.dump();
    }

  private:
    int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

    nlohmann::json array(int depth) {
        const int least = pick(3);
        nlohmann::json schema = {{"type", "array"}, {"items", make(depth - 1)}, {"minItems", least}};
        if (pick(2) == 0) schema["maxItems"] = least + pick(3);
        return schema;
    }

    nlohmann::json object(int depth) {
        nlohmann::json schema = {{"type", "object"}, {"title", "ignored"}};
        for (const char* name : {"a", "b", "name", "n/m", "\"q", "\xC3\xA4"}) {
            if (pick(2) == 0) continue;
            schema["properties"][name] = make(depth - 1);
            if (pick(2) == 0) schema["required"].push_back(name);
        }
        if (pick(3) == 0) schema["additionalProperties"] = make(depth - 1);
        return schema;
    }

    std::mt19937& random_;
};

TEST(GrammarMatcher, RandomWalksUnderRandomSchemasSatisfyThem) {
    std::mt19937 random(20'251);  // NOLINT: a fixed seed keeps a failure repeatable
    SchemaMaker maker(random);
    for (int i = 0; i < 150 && !testing::Test::HasFailure(); ++i) expect_walks_satisfy(maker.document(), 4, random);
}

TEST(GrammarMatcher, RandomWalksOfFreeObjectsParse) {
    std::mt19937 random(7);  // NOLINT: as above
    const FakeTokenizer tokenizer(kPieces);
    const auto trie = make_token_trie(tokenizer);
    const auto grammar = compile_json_object();
    ASSERT_TRUE(grammar.ok());
    for (int i = 0; i < 50; ++i) {
        const auto text = random_walk(*grammar, tokenizer, trie, random);
        ASSERT_TRUE(text);
        const auto value = parse_json(*text);
        ASSERT_TRUE(value.ok()) << *text;
        EXPECT_TRUE(value->is_object());
    }
}

}  // namespace
}  // namespace hearth::llm
