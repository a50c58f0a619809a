#include "retrieval/query_syntax.h"

#include <gtest/gtest.h>

#include "retrieval/admission.h"

namespace hearth::retrieval {
namespace {

Query parsed(std::string_view typed) {
    auto query = parse_query(typed);
    EXPECT_TRUE(query.ok()) << typed << ": " << query.error().message;
    return query.ok() ? *query : Query{};
}

std::string refusal(std::string_view typed) {
    const auto query = parse_query(typed);
    EXPECT_FALSE(query.ok()) << typed;
    return query.ok() ? "" : query.error().message;
}

constexpr std::int64_t kDay = 86'400'000'000'000;

TEST(QuerySyntax, FiltersLeaveTheWords) {
    const Query query = parsed("  pump path:manuals/*.pdf  TYPE:pdf pressure collection:plant ");
    EXPECT_EQ(query.text, "pump pressure");
    EXPECT_EQ(query.filter.path.any_of, std::vector<std::string>{"manuals/*.pdf"});
    EXPECT_EQ(query.filter.type.any_of, std::vector<std::string>{"pdf"});
    EXPECT_EQ(query.filter.collection.any_of, std::vector<std::string>{"plant"});
    EXPECT_EQ(parsed("pump").filter, SearchFilter{});
}

TEST(QuerySyntax, AMinusLeavesOut) {
    const Query query = parsed("pump -valve -\"first draft\" -wi-fi -therm* -path:old/** -type:csv");
    EXPECT_EQ(query.text, "pump");
    EXPECT_EQ(query.filter.without, "\"valve\" \"first draft\" \"wi-fi\" \"therm\"*");
    EXPECT_EQ(query.filter.path.none_of, std::vector<std::string>{"old/**"});
    EXPECT_EQ(query.filter.type.none_of, std::vector<std::string>{"csv"});
}

TEST(QuerySyntax, WhatLooksLikeAnOperatorButIsNoneStaysWords) {
    for (const char* typed : {"pre-war engines", "a - b", "http://host/path:80", "author:smith", "title: plums",
                              "path: pump", "type:", "\"path:x type:y\"", "\"-valve\"", "\"unclosed", "5\" pipe",
                              "NOT NEAR(a b) {title}", "path:\"\" x", "-", "\"a\"-b", "\"a\"type:b\"c\"d"}) {
        const Query query = parsed(typed);
        EXPECT_EQ(query.text, typed);
        EXPECT_EQ(query.filter, SearchFilter{}) << typed;
    }
    EXPECT_EQ(parsed("\"heat of fusion\" therm* \"a b\"*").text, "\"heat of fusion\" therm* \"a b\"*");
}

TEST(QuerySyntax, ValuesMayBeQuoted) {
    EXPECT_EQ(parsed("x path:\"my folder/*\"").filter.path.any_of, std::vector<std::string>{"my folder/*"});
    EXPECT_EQ(parsed("x path:\"unclosed").filter.path.any_of, std::vector<std::string>{"\"unclosed"});
}

TEST(QuerySyntax, DatesAreMomentsInUtc) {
    const Query query = parsed("x after:1970-01-02 before:1971");
    EXPECT_EQ(query.filter.modified_from_ns, kDay);
    EXPECT_EQ(query.filter.modified_before_ns, 365 * kDay);
    EXPECT_EQ(parsed("x after:1970-02").filter.modified_from_ns, 31 * kDay);
    EXPECT_EQ(parsed("x after:1970-02 after:1970-01 before:1999 before:1970-03").filter.modified_from_ns, 31 * kDay);
    EXPECT_EQ(parsed("x before:1999 before:1970-03 before:2000").filter.modified_before_ns, 59 * kDay);
    EXPECT_EQ(parsed("x before:1969-12-31").filter.modified_before_ns, -kDay);
    for (const char* typed : {"x after:yesterday", "x after:2023-02-29", "x before:2024-13", "x after:24-01-01",
                              "x after:2024-1-1", "x after:2024-05-31T10", "x after:-024", "x after:9999",
                              "x after:20245", "x before:2024-05-3x", "x after:2024-"}) {
        EXPECT_NE(refusal(typed).find("2024-05-31"), std::string::npos) << "shows how: " << typed;
    }
    EXPECT_NE(refusal("x -after:2024").find("before:"), std::string::npos);
}

TEST(QuerySyntax, IsBounded) {
    EXPECT_NE(refusal("").find("empty"), std::string::npos);
    EXPECT_NE(refusal(" \n").find("empty"), std::string::npos);
    EXPECT_NE(refusal("type:pdf -draft").find("add the words"), std::string::npos);
    EXPECT_NE(refusal(std::string(4097, 'a')).find("4096"), std::string::npos);
    std::string many = "x";
    for (std::size_t i = 0; i < kMaxQueryConditions; ++i) many += " -a" + std::to_string(i);
    EXPECT_TRUE(parse_query(many).ok());
    EXPECT_NE(refusal(many + " type:pdf").find("64"), std::string::npos);
}

TEST(SearchFilter, PassesByPathTypeCollectionAndDate) {
    const DocumentRef pump{"1", "manuals/Pump Guide.md", "markdown", "manuals"};
    const auto passes_pump = [&](const std::string& filters) {
        return passes(parsed("x " + filters).filter, pump, 10 * kDay);
    };
    for (const char* good :
         {"path:pump", "path:\"pump guide\"", "path:manuals/*", "path:**/*.md", "path:none path:guide", "-path:old",
          "type:markdown", "type:md", "type:MD", "type:pdf type:md", "collection:manuals", "-collection:old",
          "after:1970-01-11", "before:1970-01-12", "path:pump type:md after:1970"}) {
        EXPECT_TRUE(passes_pump(good)) << good;
    }
    for (const char* bad :
         {"path:*.md", "path:pumps", "-path:pump", "path:pump -path:guide", "type:d", "type:pdf", "-type:md",
          "collection:manual", "collection:Manuals", "after:1970-01-12", "before:1970-01-11", "path:pump type:pdf"}) {
        EXPECT_FALSE(passes_pump(bad)) << bad;
    }
}

}  // namespace
}  // namespace hearth::retrieval
