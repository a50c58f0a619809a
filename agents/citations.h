// The answer's text on its way to the reader, sentence by sentence: marks the model wrote are checked, missing ones are
// added, what no passage carries is noted, byte places kept.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "agents/support.h"

namespace hearth::agents {

/// Feed deltas, take text. The pieces returned by push() and finish() concatenated are text(). A sentence is held back
/// until it is whole (at most kLongestSentence bytes): only then can it be checked. Fenced code passes line by line.
///
/// "[2]", "[1, 3]", "[passage 2]" are marks; each is kept, at the end of its sentence, when that passage supports the
/// sentence. Otherwise the sentence gets the mark of the passage that does, or none and a place in unsupported().
/// A tool call written as text vanishes.
class CitationWriter {
  public:
    struct Quote {
        std::string text;
        int number = 0;
    };
    /// What becomes of a checked sentence. `quotes` come before it; without `keep` they stand in its place, and nothing
    /// is taken after them.
    struct Ruling {
        bool keep = true;
        std::vector<Quote> quotes;
    };
    using Judge = std::function<Ruling(std::string_view sentence, const std::optional<Support>& support)>;

    /// `known` are the numbers that may be cited; `support` must outlive the writer. `judge` rules on the first
    /// sentence; empty: all are kept.
    CitationWriter(std::vector<int> known, const SupportIndex& support, Judge judge = {});

    std::string push(std::string_view delta);
    std::string finish();

    bool stopped() const { return stopped_; }
    const std::string& text() const { return text_; }
    const std::vector<CitationMark>& marks() const { return marks_; }
    const std::vector<retrieval::Span>& unsupported() const { return unsupported_; }

    static constexpr std::size_t kLongestSentence = 2000;

  private:
    bool take_piece(bool last);
    bool take_code(bool last);
    bool take_call(bool last);
    void write_sentence(std::string_view piece);
    void write_checked(std::string_view body, std::string_view stops, const std::vector<int>& wished);
    void write_quote(const Quote& quote);
    std::string taken();

    std::vector<int> known_;
    const SupportIndex& support_;
    Judge judge_;
    std::string text_;
    std::vector<CitationMark> marks_;
    std::vector<retrieval::Span> unsupported_;
    std::string pending_;
    std::size_t emitted_ = 0;  ///< of text_, already returned
    bool in_code_ = false;
    bool stopped_ = false;
};

}  // namespace hearth::agents
