// The answer's text on its way to the reader: marks the model wrote are checked, missing ones are added, byte places
// kept.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "agents/support.h"

namespace hearth::agents {

/// Feed deltas, take text. The pieces returned by push() and finish() concatenated are text(). Held back is only what
/// decides a mark: blanks, sentence ends and a started "[…]" of at most kLongestMark bytes.
///
/// "[2]", "[1, 3]", "[passage 2]" become "[2]", "[1][3]", "[2]"; numbers that were not shown vanish. A sentence
/// without a mark gets the number of the passage that supports it, before its full stop. Fenced code is left alone.
class CitationWriter {
  public:
    /// `known` are the numbers that may be cited; `support` must outlive the writer.
    CitationWriter(std::vector<int> known, const SupportIndex& support);

    std::string push(std::string_view delta);
    std::string finish();

    const std::string& text() const { return text_; }
    const std::vector<CitationMark>& marks() const { return marks_; }

    static constexpr std::size_t kLongestMark = 24;

  private:
    enum class Step { kAdvanced, kNeedsMore };

    Step step(bool last);
    Step step_blanks(bool last);
    Step step_bracket(std::size_t blanks, bool last);
    Step step_stop(bool last);
    Step step_fence(bool last);
    void end_sentence();
    void emit(std::string_view piece);
    void emit_mark(int number);
    void take(std::size_t count) { pending_.erase(0, count); }

    std::vector<int> known_;
    const SupportIndex& support_;
    std::string text_;
    std::vector<CitationMark> marks_;
    std::string pending_;
    std::size_t sentence_start_ = 0;  ///< in text_
    std::size_t emitted_ = 0;         ///< of text_, already returned
    bool sentence_marked_ = false;
    bool in_code_ = false;
};

}  // namespace hearth::agents
