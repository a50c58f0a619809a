// Some questions ask for a thing with a form of its own: an e-mail address, a telephone number, a web address, a year,
// a date, a count. A sentence without such a thing does not answer them, however near it is.
#pragma once

#include <string_view>

namespace hearth::agents {

enum class AnswerForm { kAny, kEmail, kTelephone, kWebAddress, kYear, kDate, kCount, kPrice };

/// What the question asks for. English only: other questions are kAny.
AnswerForm form_asked_for(std::string_view question);

/// Whether the sentence holds something of this form. Always true for kAny.
bool has_form(std::string_view sentence, AnswerForm form);

}  // namespace hearth::agents
