#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "llm/grammar.h"

namespace hearth::llm {
namespace {

std::string refusal(const std::string& json, const std::string& schema) {
    const Status status = validate_json(json, schema);
    return status.ok() ? "" : status.error().message;
}

ErrorCode schema_error(const std::string& schema) {
    const auto grammar = compile_json_schema(schema);
    EXPECT_FALSE(grammar.ok()) << schema;
    return grammar.ok() ? ErrorCode::kInternal : grammar.error().code;
}

TEST(ValidateJson, NamesThePointerWhereItFails) {
    const std::string schema = R"({"type":"object","properties":{"a/b":{"type":"array","items":{"type":"integer"}}}})";
    EXPECT_EQ(refusal(R"({"a/b":[1,2]})", schema), "");
    EXPECT_EQ(refusal(R"({"a/b":[1,"2"]})", schema), "at /a~1b/1: expected integer, found string");
    EXPECT_EQ(refusal("[]", schema), "at the root: expected object, found array");
}

TEST(ValidateJson, ChecksObjects) {
    const std::string open = R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"]})";
    EXPECT_EQ(refusal(R"({"a":"x","b":1})", open), "");
    EXPECT_EQ(refusal(R"({"b":1})", open), "at the root: the property 'a' is missing");
    const std::string closed = R"({"properties":{"a":true},"additionalProperties":false})";
    EXPECT_EQ(refusal(R"({"a":null})", closed), "");
    EXPECT_EQ(refusal(R"({"a":1,"b":2})", closed), "at /b: the property is not declared");
    EXPECT_EQ(refusal(R"({"b":"2"})", R"({"additionalProperties":{"type":"integer"}})"),
              "at /b: expected integer, found string");
    EXPECT_EQ(refusal("3", closed), "");  // without "type", object keywords speak about objects only
}

TEST(ValidateJson, ChecksCountsInCodePointsAndItems) {
    EXPECT_EQ(refusal("\"\xC3\xA4\xF0\x9F\x98\x80\"", R"({"type":"string","minLength":2,"maxLength":2})"), "");
    EXPECT_NE(refusal(R"("abc")", R"({"type":"string","maxLength":2})"), "");
    EXPECT_NE(refusal("[1]", R"({"type":"array","minItems":2})"), "");
    EXPECT_NE(refusal("[1,2,3]", R"({"type":"array","maxItems":2})"), "");
}

TEST(ValidateJson, ChecksNumbers) {
    EXPECT_EQ(refusal("1.0", R"({"type":"integer"})"), "");
    EXPECT_NE(refusal("1.5", R"({"type":"integer"})"), "");
    EXPECT_EQ(refusal("2.5", R"({"type":"number","minimum":2.5,"maximum":2.5})"), "");
    EXPECT_NE(refusal("2.5", R"({"type":"number","exclusiveMinimum":2.5})"), "");
    EXPECT_NE(refusal("9223372036854775807", R"({"maximum":9223372036854775806})"), "");
    EXPECT_NE(refusal("3", R"({"exclusiveMaximum":3})"), "");
}

TEST(ValidateJson, ChecksAlternativesAndReferences) {
    EXPECT_EQ(refusal("null", R"({"anyOf":[{"type":"string"},{"type":"null"}]})"), "");
    EXPECT_NE(refusal("1", R"({"anyOf":[{"type":"string"},{"type":"null"}]})"), "");
    EXPECT_NE(refusal("1", R"({"oneOf":[{"type":"integer"},{"type":"number"}]})"), "");
    EXPECT_EQ(refusal("1.5", R"({"oneOf":[{"type":"integer"},{"type":"number"}]})"), "");
    EXPECT_NE(refusal("5", R"({"allOf":[{"type":"integer"},{"maximum":4}]})"), "");
    EXPECT_NE(refusal("\"c\"", R"({"enum":["a","b"]})"), "");
    EXPECT_EQ(refusal(R"({"b":2,"a":1})", R"({"const":{"a":1,"b":2}})"), "");
    const std::string tree = R"({"$ref":"#/$defs/t","$defs":{"t":{"type":"array","items":{"$ref":"#/$defs/t"}}}})";
    EXPECT_EQ(refusal("[[],[[]]]", tree), "");
    EXPECT_EQ(refusal("[[],[[1]]]", tree), "at /1/0/0: expected array, found number");
}

TEST(ValidateJson, EndsOnCircularAndExplosiveSchemas) {
    EXPECT_NE(refusal("1", R"({"$ref":"#"})"), "");
    EXPECT_NE(refusal("1", R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})"), "");
    const std::string nested = std::string(40, '[') + "1" + std::string(40, ']');
    const Status status = validate_json(
        nested, R"({"anyOf":[{"type":"array","items":{"$ref":"#"}},{"type":"array","items":{"$ref":"#"}}]})");
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
}

TEST(JsonSchema, RefusesWhatItDoesNotEnforceByName) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {R"({"type":"string","pattern":"a+"})", "pattern"},
        {R"({"type":"array","prefixItems":[true]})", "prefixItems"},
        {R"({"type":"array","items":[true]})", "items"},
        {R"({"type":"array","uniqueItems":true})", "uniqueItems"},
        {R"({"not":{}})", "not"},
        {R"({"type":"number","multipleOf":2})", "multipleOf"},
        {R"({"type":"object","properties":{"a":{"patternProperties":{}}}})", "patternProperties"},
        {R"({"$ref":"http://example.com/s"})", "http://example.com/s"},
        {R"({"type":"number","minimum":0.5})", "minimum"},
        {R"({"type":"string","minLength":30000})", "minLength"},
    };
    for (const auto& [schema, name] : cases) {
        const auto grammar = compile_json_schema(schema);
        ASSERT_FALSE(grammar.ok()) << schema;
        EXPECT_EQ(grammar.error().code, ErrorCode::kUnsupported) << schema;
        EXPECT_NE(grammar.error().message.find(name), std::string::npos) << grammar.error().message;
    }
}

TEST(JsonSchema, RefusesBrokenSchemas) {
    for (const char* schema : {"", "{", "3", R"({"type":"text"})", R"({"type":[]})", R"({"properties":[]})",
                               R"({"required":"a"})", R"({"anyOf":[]})", R"({"enum":[]})", R"({"minLength":-1})",
                               R"({"$ref":"#/$defs/none"})", R"({"exclusiveMinimum":true})"}) {
        EXPECT_EQ(schema_error(schema), ErrorCode::kInvalidArgument) << schema;
    }
}

TEST(JsonSchema, RefusesWhatNoFiniteValueSatisfies) {
    for (const char* schema :
         {"false", R"({"$ref":"#"})", R"({"anyOf":[{"$ref":"#"}]})", R"({"type":"integer","minimum":5,"maximum":4})",
          R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})", R"({"enum":[1],"type":"string"})",
          R"({"type":"array","minItems":3,"maxItems":2})", R"({"type":"string","minLength":3,"maxLength":2})",
          R"({"required":["a"],"additionalProperties":false})"}) {
        EXPECT_EQ(schema_error(schema), ErrorCode::kInvalidArgument) << schema;
    }
}

TEST(JsonSchema, RefusesOverItsLimits) {
    EXPECT_EQ(schema_error("{\"description\":\"" + std::string(70'000, 'x') + "\"}"), ErrorCode::kResourceExhausted);
    std::string deep = "{}";
    for (int i = 0; i < 33; ++i) deep = "{\"items\":" + deep + "}";
    EXPECT_EQ(schema_error(deep), ErrorCode::kResourceExhausted);
    std::string wide = "{\"properties\":{\"p\":{}";
    for (int i = 0; i < 500; ++i) wide += ",\"" + std::to_string(i) + "\":{}";
    EXPECT_EQ(schema_error(wide + "}}"), ErrorCode::kResourceExhausted);
    std::string large = "{\"properties\":{\"p\":{}";
    for (int i = 0; i < 40; ++i)
        large += ",\"" + std::to_string(i) + "\":{\"type\":\"array\",\"items\":{},\"maxItems\":9999}";
    EXPECT_EQ(schema_error(large + "}}"), ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace hearth::llm
