#include "core/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hearth {
namespace {

TEST(Json, ParsesWithinLimits) {
    auto value = parse_json(R"({"a":[1,2,{"b":null}]})");
    ASSERT_TRUE(value.ok());
    EXPECT_EQ((*value)["a"][1], 2);
}

TEST(Json, RefusesDeepNesting) {
    const std::string deep(100000, '[');
    auto value = parse_json(deep);
    ASSERT_FALSE(value.ok());
    EXPECT_NE(value.error().message.find("nested deeper than 64"), std::string::npos);
}

TEST(Json, NamesLineAndColumn) {
    auto value = parse_json("{\n\"a\": tru}");
    ASSERT_FALSE(value.ok());
    EXPECT_EQ(value.error().message, "invalid JSON at line 2, column 9, having read '\"a\": tru}'");
    EXPECT_EQ(parse_json("{\"a\":1").error().message, "invalid JSON at line 1, column 7: it ends too early");
    EXPECT_EQ(parse_json("").error().message, "invalid JSON at line 1, column 1: it is empty");
}

TEST(Json, RefusesTooManyBytes) {
    EXPECT_EQ(parse_json("[1,2,3]", {.bytes = 3}).error().code, ErrorCode::kResourceExhausted);
}

TEST(Json, DumpsInvalidUtf8AsReplacement) {
    EXPECT_EQ(dump_json(nlohmann::json("\xFF")), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace hearth
