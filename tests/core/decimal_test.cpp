#include "core/decimal.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(Decimal, IsReadAsPeopleWriteIt) {
    EXPECT_EQ(read_decimal("-1,234.50"), -1'234'500'000);
    EXPECT_EQ(read_decimal("12 %"), 12'000'000);
    EXPECT_EQ(read_decimal("$3"), 3'000'000);
    EXPECT_EQ(read_decimal(".5"), 500'000);
    for (const char* text : {"", "-", "007", "1,23", "2024-03-01", "1.2.3", "12a", "1e5", "0.1234567", "$", "1."})
        EXPECT_FALSE(read_decimal(text)) << text;
}

TEST(Number, KeepsWholeNumbersWholeAndKnowsTheirUnit) {
    const auto whole = read_number("123456789012345678");
    ASSERT_TRUE(whole && whole->whole);
    EXPECT_EQ(whole->integer, 123456789012345678);
    EXPECT_EQ(read_number("-5")->integer, -5);
    EXPECT_EQ(read_number("3.14159265")->real, 3.14159265);
    EXPECT_EQ(read_number("-.5")->real, -0.5);
    EXPECT_EQ(read_number("1.5E+3")->real, 1500.0);
    EXPECT_EQ(read_number("2e-7")->real, 2e-7);
    EXPECT_EQ(read_number("\u20AC 3.50")->unit, Unit::kEuro);
    EXPECT_EQ(read_number("$3 %")->unit, Unit::kSeveral);
    EXPECT_EQ(read_number("$-3")->integer, -3);
}

TEST(Number, TellsACommaThatMayBeADecimalOne) {
    EXPECT_TRUE(read_number("1,234")->grouped);
    EXPECT_FALSE(read_number("1,234")->surely_grouped);
    EXPECT_TRUE(read_number("1,234.5")->surely_grouped);
    EXPECT_TRUE(read_number("1,234,567")->surely_grouped);
    EXPECT_FALSE(read_number("1234.5")->grouped);
    EXPECT_FALSE(read_number("0,123"));
}

TEST(Number, RefusesWhatItWouldHaveToRound) {
    for (const char* text : {"1234567890123456789", "0.123456789012345678", "1e999", "1e", "e5", "inf", "nan", "0x10"})
        EXPECT_FALSE(read_number(text)) << text;
}

}  // namespace
}  // namespace hearth
