// One request on its way from prompt tokens to completion: what it wants computed next, and what it makes of the
// logits.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/result.h"
#include "llm/decoder.h"
#include "llm/job.h"
#include "llm/model_loader.h"
#include "llm/prompt_lookup.h"
#include "llm/sampler.h"
#include "llm/text_stream.h"
#include "llm/types.h"

namespace hearth::llm {

/// Engine thread only. Tokens are decided first and computed later: pending() of them are not in the KV cache yet, the
/// whole prompt at the beginning, one while the answer is decoded, all of them again when the blocks were taken away.
class Generation {
  public:
    /// `job`'s prompt is shorter than the context.
    Generation(LoadedModel& model, std::shared_ptr<Job> job);

    /// Compiles the constraint and gives out the answer's given beginning. May finish the job: see done().
    void begin();

    Job& job() const { return *job_; }
    bool done() const { return done_; }
    bool failed() const { return failed_; }
    const Usage& usage() const { return usage_; }
    bool answering() const { return logits_seen_at_.has_value() && pending() == 1; }
    int pending() const { return static_cast<int>(tokens_.size()) - sequence_.length(); }
    std::span<const std::int32_t> tokens() const { return tokens_; }
    std::span<const std::int32_t> prompt() const {
        return std::span(tokens_).first(static_cast<std::size_t>(usage_.prompt_tokens));
    }
    /// Of the next pending token.
    Phase phase() const { return sequence_.length() < usage_.prompt_tokens ? Phase::kPrefill : Phase::kDecode; }
    /// The pending tokens of that phase: the most that one step can take.
    int pending_in_phase() const;
    KvSequence& sequence() { return sequence_; }
    const KvSequence& sequence() const { return sequence_; }

    /// The whole prompt was computed once.
    bool answered() const { return logits_seen_at_.has_value(); }
    /// The beginning that the prefix cache had.
    void set_cached(int tokens) { usage_.cached_tokens = tokens; }
    /// Puts at most `most` guessed tokens behind the pending one; returns how many. Only while answering().
    int draft(int most);
    /// A step over the next `n` pending tokens of one phase, with the draft when these are all. The sequence has room
    /// for them.
    SequenceStep step(int n);
    int drafted() const { return drafted_; }
    void drop_draft();

    /// The step over `n` tokens was computed; `logits` are its rows, empty while more of the prompt is to come.
    void computed(std::span<float> logits);

    /// Ends the job; the sequence stays until this object goes.
    void cancel() { finish(End::kCancelled); }
    void fail(Error error);

  private:
    using Clock = std::chrono::steady_clock;
    /// Why decoding ended.
    enum class End { kGrammarComplete, kEndOfGeneration, kStopString, kLength, kCancelled };

    void decode(std::span<float> logits);
    /// Chooses, scores and gives out one token. Nothing once the answer has ended.
    std::optional<std::int32_t> choose(std::span<float> logits);
    int sample(std::span<float> logits);
    std::optional<End> end_after_token() const;
    bool length_reached() const { return usage_.completion_tokens >= max_tokens_; }
    void finish(End end);

    LoadedModel& model_;
    const std::shared_ptr<Job> job_;
    const TextSink to_job_;
    TextStream stream_;
    Sampler sampler_;
    std::unique_ptr<GrammarMatcher> matcher_;  // null when the model is free
    KvSequence sequence_;
    std::vector<std::int32_t> tokens_;  // prompt and answer, then drafted_ guesses while a step is in work
    int drafted_ = 0;
    PromptLookup lookup_;
    DraftPace pace_;
    std::vector<std::uint8_t> mask_;
    int max_tokens_ = 0;
    bool done_ = false;
    bool failed_ = false;
    const Clock::time_point started_at_ = Clock::now();
    std::optional<Clock::time_point> logits_seen_at_;
    Usage usage_;
    std::vector<TokenScore> scores_;
};

}  // namespace hearth::llm
