#include "llm/job.h"

#include <new>
#include <utility>

namespace hearth::llm {
namespace {

/// Pieces a caller may leave untaken. An ordinary one takes each before the next is there.
constexpr std::size_t kMaxUntaken = 32;

GenerateRequest without_prompt(const GenerateRequest& request) {
    GenerateRequest out = request;
    out.messages.clear();
    out.prompt_tokens.clear();
    return out;
}

}  // namespace

Job::Job(const GenerateRequest& request, Constraint constraint, Prompt prompt, std::shared_ptr<const Lora> lora,
         std::function<void()> wake)
    : request_(without_prompt(request)),
      constraint_(std::move(constraint)),
      prompt_(std::move(prompt)),
      lora_(std::move(lora)),
      wake_(std::move(wake)) {}

double Job::start() {
    const std::lock_guard lock(mutex_);
    if (queued_seconds_ < 0) queued_seconds_ = std::chrono::duration<double>(Clock::now() - made_at_).count();
    return queued_seconds_;
}

void Job::give_text(std::string_view text) {
    give(std::string(text));
}

void Job::give_thought(std::string_view thought) {
    give(Thought{std::string(thought)});
}

void Job::give_score(const TokenScore& score) {
    give(score);
}

void Job::give(Piece piece) {
    {
        const std::lock_guard lock(mutex_);
        outbox_.push_back(std::move(piece));
    }
    changed_.notify_one();
}

bool Job::cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
}

bool Job::reader_behind() const {
    const std::lock_guard lock(mutex_);
    return outbox_.size() >= kMaxUntaken;
}

void Job::finish(Result<Completion> result) {
    {
        const std::lock_guard lock(mutex_);
        result_.emplace(std::move(result));
    }
    changed_.notify_one();
}

void Job::cancel() {
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
    }
    changed_.notify_one();
    wake_();
}

Result<Completion> Job::wait(const TextSink& sink, const std::stop_token& cancel_token) {
    const std::stop_callback forward(cancel_token, [this] { cancel(); });
    for (;;) {
        std::vector<Piece> pieces;
        bool was_behind = false;
        {
            std::unique_lock lock(mutex_);
            const auto can_leave = [&] { return cancelled_ && queued_seconds_ < 0; };
            changed_.wait(lock, [&] { return !outbox_.empty() || result_.has_value() || can_leave(); });
            if (outbox_.empty()) break;
            was_behind = outbox_.size() >= kMaxUntaken;
            pieces.swap(outbox_);
        }
        if (was_behind) wake_();
        deliver(pieces, sink);
    }
    return take_result();
}

/// The caller's sink may throw: that ends its request, not the process.
void Job::deliver(const std::vector<Piece>& pieces, const TextSink& sink) {
    for (const Piece& piece : pieces) {
        if (cancelled()) return;
        try {
            deliver(piece, sink);
        } catch (const std::bad_alloc&) {
            sink_failure_.emplace(ErrorCode::kResourceExhausted, "no memory was left for this request");
            cancel();
        } catch (const std::exception& failure) {
            sink_failure_.emplace(ErrorCode::kInternal, std::string("the request failed: ") + failure.what());
            cancel();
        }
    }
}

void Job::deliver(const Piece& piece, const TextSink& sink) {
    if (const auto* score = std::get_if<TokenScore>(&piece)) {
        if (request_.token_sink) request_.token_sink(*score);
    } else if (const auto* thought = std::get_if<Thought>(&piece)) {
        delivered_thought_ += thought->text;
        if (request_.thought_sink) request_.thought_sink(thought->text);
    } else {
        const std::string& text = std::get<std::string>(piece);
        delivered_ += text;
        if (sink && !sink(text)) cancel();
    }
}

Completion Job::abandoned() const {
    Completion out;
    out.thought = delivered_thought_;
    out.text = delivered_;
    out.finish_reason = FinishReason::kCancelled;
    return out;
}

Result<Completion> Job::take_result() {
    const std::lock_guard lock(mutex_);
    if (sink_failure_) return std::move(*sink_failure_);
    if (!result_) return abandoned();
    if (!result_->ok() || !cancelled_) return std::move(*result_);
    Completion out = abandoned();
    out.usage = result_->value().usage;
    return out;
}

}  // namespace hearth::llm
