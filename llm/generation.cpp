#include "llm/generation.h"

#include <algorithm>

#include "llm/prompt.h"
#include "llm/token_scores.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<std::string> names_of(const std::vector<ToolDefinition>& tools) {
    std::vector<std::string> names;
    for (const ToolDefinition& tool : tools) names.push_back(tool.name);
    return names;
}

}  // namespace

Generation::Generation(LoadedModel& model, PrefixCache& cache, const GenerateRequest& request,
                       const Constraint& constraint, std::vector<std::int32_t> prompt, const TextSink& sink,
                       std::stop_token cancel)
    : model_(model),
      cache_(cache),
      request_(request),
      constraint_(constraint),
      prompt_(std::move(prompt)),
      cancel_(std::move(cancel)),
      stream_(request.stop, names_of(offered_tools(request)), sink),
      sampler_(request.sampling),
      sequence_(*model.kv_pool),
      logits_(static_cast<std::size_t>(model.info.vocabulary_size)) {
    const int room = model.info.context_tokens - static_cast<int>(prompt_.size());
    max_tokens_ = request.max_tokens > 0 ? std::min(request.max_tokens, room) : room;
    completion_.usage.prompt_tokens = static_cast<int>(prompt_.size());
}

Result<Completion> Generation::run() {
    const auto start = Clock::now();
    const int cached = cache_.reuse(prompt_, sequence_);
    completion_.usage.cached_tokens = cached;
    stored_.assign(prompt_.begin(), prompt_.begin() + cached);
    for (const std::int32_t token : prompt_) sampler_.observe(token);
    HEARTH_TRY(const bool prefilled, compute(std::span(prompt_).subspan(static_cast<std::size_t>(cached))));
    completion_.usage.prefill_seconds = seconds_since(start);

    const auto decode_start = Clock::now();
    End end = End::kCancelled;
    if (prefilled) {
        HEARTH_TRY(end, answer());
    }
    completion_.usage.decode_seconds = seconds_since(decode_start);
    finish(end);
    cache_.remember(std::move(stored_), std::move(sequence_));
    return std::move(completion_);
}

void Generation::finish(End end) {
    stream_.finish();
    completion_.text = stream_.text();
    completion_.tool_calls = stream_.calls();
    if (end == End::kCancelled || stream_.refused()) {
        completion_.finish_reason = FinishReason::kCancelled;
    } else if (!completion_.tool_calls.empty()) {
        completion_.finish_reason = FinishReason::kToolCalls;
    } else {
        completion_.finish_reason = end == End::kLength ? FinishReason::kLength : FinishReason::kStop;
    }
}

Result<Generation::End> Generation::answer() {
    stream_.push(request_.assistant_prefix);
    if (stream_.stopped()) return End::kStopString;
    if (constraint_.grammar == nullptr) return decode(nullptr);
    const auto matcher = make_matcher(constraint_.grammar, model_.token_trie());
    if (!matcher->accept_text(request_.assistant_prefix)) {
        return Error(ErrorCode::kInvalidArgument,
                     "the given beginning of the answer does not begin a document of json_schema");
    }
    return decode(matcher.get());
}

Result<Generation::End> Generation::decode(GrammarMatcher* matcher) {
    for (;;) {
        if (cancel_.stop_requested() || stream_.refused()) return End::kCancelled;
        if (length_reached()) return End::kLength;
        HEARTH_TRY(const std::int32_t token, next_token(matcher));
        if (token < 0) return End::kEndOfGeneration;
        if (stream_.stopped()) return End::kStopString;
        if (matcher != nullptr && constraint_.closed && matcher->complete()) return End::kGrammarComplete;
        if (length_reached()) return End::kLength;
        HEARTH_TRY(const bool computed, compute({&token, 1}));
        if (!computed) return End::kCancelled;
    }
}

Result<int> Generation::next_token(GrammarMatcher* matcher) {
    if (matcher != nullptr) {
        mask_.assign(logits_.size(), 0);
        matcher->fill_mask(mask_);
    }
    const int token = sample();
    if (token < 0) {
        return Error(
            ErrorCode::kInternal,
            "the model gave no usable probabilities for this prompt (NaN logits, or nothing the schema allows)");
    }
    if (model_.tokenizer->is_end_of_generation(token)) return -1;
    if (matcher != nullptr && !matcher->accept(token))
        return Error(ErrorCode::kInternal, "the grammar refused token " + std::to_string(token) + " it had allowed");
    ++completion_.usage.completion_tokens;
    if (request_.top_logprobs && request_.token_sink) request_.token_sink(completion_.tokens.back());
    sampler_.observe(token);
    stream_.push(model_.tokenizer->token_bytes(token));
    return token;
}

int Generation::sample() {
    if (!request_.top_logprobs) return sampler_.sample(logits_, mask_);
    const std::vector<float> raw = logits_;  // sampling changes them
    const int token = sampler_.sample(logits_, mask_);
    const bool part_of_answer = token >= 0 && !model_.tokenizer->is_end_of_generation(token);
    if (part_of_answer)
        completion_.tokens.push_back(score_token(raw, token, *request_.top_logprobs, *model_.tokenizer));
    return token;
}

Result<bool> Generation::compute(std::span<const std::int32_t> tokens) {
    while (!tokens.empty()) {
        const auto chunk = tokens.first(std::min<std::size_t>(tokens.size(), Decoder::kMaxChunk));
        tokens = tokens.subspan(chunk.size());
        while (!sequence_.reserve(static_cast<int>(chunk.size()))) {
            if (!cache_.forget_oldest())
                return Error(ErrorCode::kInternal, "the KV cache is smaller than the context it was made for");
        }
        const std::span<float> logits = tokens.empty() ? std::span<float>(logits_) : std::span<float>();
        if (!model_.decoder->forward(chunk, sequence_, logits, cancel_)) return false;
        stored_.insert(stored_.end(), chunk.begin(), chunk.end());
    }
    return true;
}

}  // namespace hearth::llm
