#include "llm/generation.h"

#include <algorithm>

#include "core/check.h"
#include "llm/prompt.h"
#include "llm/token_scores.h"

namespace hearth::llm {
namespace {

std::vector<std::string> names_of(const std::vector<ToolDefinition>& tools) {
    std::vector<std::string> names;
    for (const ToolDefinition& tool : tools) names.push_back(tool.name);
    return names;
}

}  // namespace

Generation::Generation(LoadedModel& model, std::shared_ptr<Job> job)
    : model_(model),
      job_(std::move(job)),
      to_job_([this](std::string_view text) {
          job_->give_text(text);
          return true;
      }),
      stream_(job_->request().stop, names_of(offered_tools(job_->request())), to_job_),
      sampler_(job_->request().sampling),
      sequence_(*model.kv_pool),
      tokens_(job_->prompt().tokens) {
    const int room = model.info.context_tokens - static_cast<int>(tokens_.size());
    const int wanted = job_->request().max_tokens;
    max_tokens_ = wanted > 0 ? std::min(wanted, room) : room;
    usage_.prompt_tokens = static_cast<int>(tokens_.size());
    usage_.queue_seconds = job_->start();
    for (const std::int32_t token : tokens_) sampler_.observe(token);
    if (job_->prompt().opens_thought)
        stream_.expect_thought([this](std::string_view text) { job_->give_thought(text); });
}

void Generation::begin() {
    if (const Constraint& constraint = job_->constraint(); constraint.grammar != nullptr) {
        matcher_ = make_matcher(constraint.grammar, model_.token_trie());
        if (!matcher_->accept_text(job_->request().assistant_prefix)) {
            return fail(Error(ErrorCode::kInvalidArgument,
                              "the given beginning of the answer does not begin a document of json_schema"));
        }
    }
    stream_.push(job_->request().assistant_prefix);
    if (stream_.stopped()) finish(End::kStopString);
}

int Generation::draft(int most) {
    HEARTH_CHECK(answering() && drafted_ == 0);
    // The last token of the answer is never computed.
    most = std::min({most, pace_.most(), max_tokens_ - usage_.completion_tokens - 1});
    if (!job_->request().prompt_lookup || most <= 0) return 0;
    const std::span<const std::int32_t> guess = lookup_.guess(tokens_, most);
    tokens_.insert(tokens_.end(), guess.begin(), guess.end());
    drafted_ = static_cast<int>(guess.size());
    return drafted_;
}

void Generation::drop_draft() {
    tokens_.resize(tokens_.size() - static_cast<std::size_t>(std::exchange(drafted_, 0)));
}

int Generation::pending_in_phase() const {
    return phase() == Phase::kPrefill ? usage_.prompt_tokens - sequence_.length() : pending();
}

SequenceStep Generation::step(int n) {
    const auto stored = static_cast<std::size_t>(sequence_.length());
    const auto next = std::span(tokens_).subspan(stored, static_cast<std::size_t>(n));
    const bool whole = stored + next.size() == tokens_.size();
    return {&sequence_, next, whole ? 1 + drafted_ : 0, job_->lora(), phase()};
}

void Generation::computed(std::span<float> logits) {
    if (logits.empty()) return;
    if (!logits_seen_at_) {
        logits_seen_at_ = Clock::now();
        usage_.prefill_seconds = std::chrono::duration<double>(*logits_seen_at_ - started_at_).count();
    }
    decode(logits);
}

/// Row i of the logits is what follows the pending token and i guesses. A guess holds where the model chooses the same
/// token; the first that does not ends it, and the token chosen there is the next to compute. So every token is chosen
/// as it would be without guesses, from the same logits and by the same draw.
void Generation::decode(std::span<float> logits) {
    const auto vocabulary = static_cast<std::size_t>(model_.info.vocabulary_size);
    const int drafted = std::exchange(drafted_, 0);
    std::size_t decided = tokens_.size() - static_cast<std::size_t>(drafted);
    int accepted = 0;
    usage_.draft_tokens += drafted;
    for (int row = 0; row <= drafted && !done_; ++row) {
        const auto token = choose(logits.subspan(static_cast<std::size_t>(row) * vocabulary, vocabulary));
        if (!token) break;
        const bool as_guessed = row < drafted && tokens_[decided] == *token;
        if (as_guessed) {
            ++accepted;
            ++usage_.accepted_draft_tokens;
        } else {
            tokens_.resize(decided);
            tokens_.push_back(*token);
        }
        ++decided;
        if (const auto end = end_after_token()) finish(*end);
        if (!as_guessed) break;
    }
    tokens_.resize(decided);
    sequence_.truncate(sequence_.length() - (drafted - accepted));
    pace_.observe(drafted, accepted);
}

std::optional<std::int32_t> Generation::choose(std::span<float> logits) {
    if (matcher_ != nullptr) {
        mask_.assign(logits.size(), 0);
        matcher_->fill_mask(mask_);
    }
    const int token = sample(logits);
    if (token < 0) {
        fail(
            Error(ErrorCode::kInternal,
                  "the model gave no usable probabilities for this prompt (NaN logits, or nothing the schema allows)"));
        return std::nullopt;
    }
    if (model_.tokenizer->is_end_of_generation(token)) {
        finish(End::kEndOfGeneration);
        return std::nullopt;
    }
    if (matcher_ != nullptr && !matcher_->accept(token)) {
        fail(Error(ErrorCode::kInternal, "the grammar refused token " + std::to_string(token) + " it had allowed"));
        return std::nullopt;
    }
    ++usage_.completion_tokens;
    if (stream_.thinking()) ++usage_.thought_tokens;
    if (job_->request().top_logprobs) job_->give_score(scores_.back());
    sampler_.observe(token);
    stream_.push(model_.tokenizer->token_bytes(token));
    return token;
}

int Generation::sample(std::span<float> logits) {
    if (!job_->request().top_logprobs) return sampler_.sample(logits, mask_);
    const std::vector<float> raw(logits.begin(), logits.end());  // sampling changes them
    const int token = sampler_.sample(logits, mask_);
    const bool part_of_answer = token >= 0 && !model_.tokenizer->is_end_of_generation(token);
    if (part_of_answer) scores_.push_back(score_token(raw, token, *job_->request().top_logprobs, *model_.tokenizer));
    return token;
}

std::optional<Generation::End> Generation::end_after_token() const {
    if (stream_.stopped()) return End::kStopString;
    if (matcher_ != nullptr && job_->constraint().closed && matcher_->complete()) return End::kGrammarComplete;
    if (length_reached()) return End::kLength;
    if (job_->cancelled()) return End::kCancelled;
    return std::nullopt;
}

void Generation::fail(Error error) {
    if (std::exchange(done_, true)) return;
    failed_ = true;
    job_->finish(std::move(error));
}

void Generation::finish(End end) {
    if (std::exchange(done_, true)) return;
    if (logits_seen_at_) {
        usage_.decode_seconds = std::chrono::duration<double>(Clock::now() - *logits_seen_at_).count();
    }
    stream_.finish();
    Completion out;
    out.thought = stream_.thought();
    out.text = stream_.text();
    out.tool_calls = stream_.calls();
    out.tokens = std::move(scores_);
    out.usage = usage_;
    if (end == End::kCancelled) {
        out.finish_reason = FinishReason::kCancelled;
    } else if (!out.tool_calls.empty()) {
        out.finish_reason = FinishReason::kToolCalls;
    } else {
        out.finish_reason = end == End::kLength ? FinishReason::kLength : FinishReason::kStop;
    }
    job_->finish(std::move(out));
}

}  // namespace hearth::llm
