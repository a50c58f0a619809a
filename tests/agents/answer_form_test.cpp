#include "agents/answer_form.h"

#include <gtest/gtest.h>

namespace hearth::agents {
namespace {

TEST(AnswerForm, IsReadFromTheQuestion) {
    EXPECT_EQ(form_asked_for("What is the e-mail address of Mira?"), AnswerForm::kEmail);
    EXPECT_EQ(form_asked_for("what is Mira's email?"), AnswerForm::kEmail);
    EXPECT_EQ(form_asked_for("Who reads the e-mail?"), AnswerForm::kAny);
    EXPECT_EQ(form_asked_for("Which phone number reaches the porter?"), AnswerForm::kTelephone);
    EXPECT_EQ(form_asked_for("What is the website of the club?"), AnswerForm::kWebAddress);
    EXPECT_EQ(form_asked_for("Who maintains the website?"), AnswerForm::kAny);
    EXPECT_EQ(form_asked_for("In which year was the mill built?"), AnswerForm::kYear);
    EXPECT_EQ(form_asked_for("How many beds are there?"), AnswerForm::kCount);
    EXPECT_EQ(form_asked_for("What is the price of a ticket?"), AnswerForm::kPrice);
    EXPECT_EQ(form_asked_for("When was the club founded?"), AnswerForm::kDate);
    EXPECT_EQ(form_asked_for("When is breakfast?"), AnswerForm::kAny);
    EXPECT_EQ(form_asked_for(""), AnswerForm::kAny);
    EXPECT_EQ(form_asked_for("Wie viele Betten gibt es?"), AnswerForm::kAny);
}

TEST(AnswerForm, IsFoundInTheSentence) {
    EXPECT_TRUE(has_form("Write to mira@club.example.", AnswerForm::kEmail));
    EXPECT_FALSE(has_form("Call 030 123 45, or meet @ noon.", AnswerForm::kEmail));
    EXPECT_TRUE(has_form("Call +49 (30) 123-45.", AnswerForm::kTelephone));
    EXPECT_TRUE(has_form("Her extension is 55512.", AnswerForm::kTelephone));
    EXPECT_FALSE(has_form("Room 12 on floor 3 has 24 beds.", AnswerForm::kTelephone));
    EXPECT_TRUE(has_form("See wiki.club.example for it.", AnswerForm::kWebAddress));
    EXPECT_FALSE(has_form("It is 10.5 km. Then turn left.", AnswerForm::kWebAddress));
    EXPECT_TRUE(has_form("Built in 1893, restored later.", AnswerForm::kYear));
    EXPECT_FALSE(has_form("It holds 12345 litres and 12 men.", AnswerForm::kYear));
    EXPECT_TRUE(has_form("It opened on 3 May.", AnswerForm::kDate));
    EXPECT_TRUE(has_form("It opened last winter.", AnswerForm::kDate));
    EXPECT_FALSE(has_form("4. Claims", AnswerForm::kDate));
    EXPECT_TRUE(has_form("There are four rooms.", AnswerForm::kCount));
    EXPECT_TRUE(has_form("There is a single room.", AnswerForm::kCount));
    EXPECT_FALSE(has_form("Rooms have a view of the lake.", AnswerForm::kCount));
    EXPECT_TRUE(has_form("Children travel free.", AnswerForm::kPrice));
    EXPECT_FALSE(has_form("Tickets are sold at the desk.", AnswerForm::kPrice));
    EXPECT_TRUE(has_form("", AnswerForm::kAny));
    EXPECT_FALSE(has_form("", AnswerForm::kEmail));
}

}  // namespace
}  // namespace hearth::agents
