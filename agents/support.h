// Which passage, and which of its sentences, carries a statement: overlap of weighted words. No model involved.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "retrieval/types.h"

namespace hearth::agents {

/// A passage prepared for comparison. `number` is its citation number.
struct SupportPassage {
    int number = 0;
    std::string_view heading;
    std::string_view text;  ///< must outlive the index
};

struct Support {
    int number = 0;
    double share = 0;            ///< of the statement's word weight found in the passage, 0 .. 1
    bool in_sentence = false;    ///< one sentence of the passage, with the heading, holds kMinimumShare by itself
    bool contradicted = false;   ///< that sentence says the opposite
    retrieval::Span sentence{};  ///< of the passage's text: the one nearest to the statement
};

/// Immutable after construction; a few hundred words per passage.
class SupportIndex {
  public:
    /// `question`: its names are no invention of the answer that repeats them.
    explicit SupportIndex(const std::vector<SupportPassage>& passages, std::string_view question = {});

    /// The passage that holds most of the statement and does not contradict it. Nothing when no passage holds
    /// kMinimumShare of it, or lacks a number or a name of it: a figure from nowhere must not look cited.
    std::optional<Support> best_passage(std::string_view statement) const;

    /// The same for one passage, contradicted or not; nothing as above.
    std::optional<Support> support_by(int number, std::string_view statement) const;

    /// Bytes of passage `number`'s text that best carry `statement`, read together with `question`: one sentence, or
    /// two neighbours when both add words. Empty span only for an empty text.
    retrieval::Span best_sentences(int number, std::string_view statement, std::string_view question) const;

    /// Least share of a statement's weight a passage must hold to be cited for it.
    static constexpr double kMinimumShare = 0.5;

  private:
    struct Entry {
        int number = 0;
        std::string_view heading;
        std::string_view text;
        std::vector<std::string> stems;  ///< sorted, of heading and text
    };
    double weight(const std::string& stem, bool number) const;
    const Entry* find(int number) const;
    std::optional<Support> support_of(const Entry& entry, std::string_view statement) const;
    void nearest_sentence(const Entry& entry, std::string_view statement, Support& support) const;

    std::vector<Entry> entries_;
    std::vector<std::string> asked_;  ///< sorted stems of the question
};

/// Places between quotation marks ("…", “…”, „…“, «…») of at least two words in `answer` that are, blanks folded,
/// in none of the texts.
std::vector<retrieval::Span> quotes_not_in(std::string_view answer, const std::vector<std::string_view>& texts);

}  // namespace hearth::agents
