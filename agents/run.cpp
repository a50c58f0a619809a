#include "agents/run.h"

#include <algorithm>

#include "agents/passages.h"
#include "agents/prompt.h"
#include "agents/ruling.h"
#include "agents/sources.h"

namespace hearth::agents {
namespace {

constexpr int kRetrieved = 10;
constexpr int kSameCallLimit = 3;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Run::Run(const RunParts& parts, const AskRequest& request, const EventSink& sink, std::stop_token cancel)
    : parts_(parts),
      request_(request),
      sink_(sink),
      cancel_(std::move(cancel)),
      deadline_(start_ + parts.options.max_time) {}

void Run::add_usage(const llm::Usage& step) {
    llm::Usage& sum = answer_.usage;
    sum.prompt_tokens += step.prompt_tokens;
    sum.cached_tokens += step.cached_tokens;
    sum.completion_tokens += step.completion_tokens;
    sum.queue_seconds += step.queue_seconds;
    sum.prefill_seconds += step.prefill_seconds;
    sum.decode_seconds += step.decode_seconds;
}

double Run::seconds_since_start() const {
    return seconds_since(start_);
}

Result<Answer> Run::answer() {
    Result<Answer> answer = answer_question();
    if (answer.ok() || answer.error().code != ErrorCode::kCancelled || !stopped()) return answer;
    answer_.finish_reason = llm::FinishReason::kCancelled;
    answer_.timings.total_seconds = seconds_since(start_);
    return std::move(answer_);
}

Result<Answer> Run::answer_question() {
    HEARTH_TRY(conversation_, read_conversation(request_.messages));
    const auto count = [this](std::string_view text) { return static_cast<int>(parts_.model.tokenize(text).size()); };
    answer_.history_dropped = trim_turns(conversation_.turns, parts_.options.history_token_budget, count);
    HEARTH_TRY_STATUS(check_length());
    const std::string tool = parts_.options.tools == ToolOffer::kNever ? "" : tool_asked_for(conversation_.question);
    rebuild_writer();
    if (tool == "list_documents" || tool == "current_time") return answer_from_tool(tool);
    if (!tool.empty()) return generate(tool_messages(conversation_), tool);
    send(StepEvent{"searching your documents"});
    HEARTH_TRY_STATUS(retrieve());
    HEARTH_TRY_STATUS(decide());
    HEARTH_TRY(const bool computed, answer_from_tables());
    if (computed) return std::move(answer_);
    rebuild_writer();
    send(SourcesEvent{answer_.sources, answer_.found});
    if (!answer_.found) return refuse();
    send(StepEvent{"reading " + std::to_string(answer_.sources.size()) + " passages"});
    const auto shown = static_cast<std::size_t>(parts_.options.evidence_sentences);
    return generate(answer_messages(conversation_, evidence_lines(passages_, evidence_.sentences, shown)), "");
}

/// A question too long for a search may be too long for the context: said before the gate judges a part of it.
Status Run::check_length() {
    if (conversation_.search_text.size() >= conversation_.question.size()) return {};
    llm::GenerateRequest request;
    request.messages = answer_messages(conversation_, {});
    HEARTH_TRY(const int tokens, parts_.model.count_prompt_tokens(request));
    const int context = parts_.model.info().context_tokens;
    if (tokens < context) return {};
    return Error(ErrorCode::kInvalidArgument, "the question has " + std::to_string(tokens) +
                                                  " tokens with its conversation, but this model's maximum context "
                                                  "length is " +
                                                  std::to_string(context) +
                                                  " tokens: shorten it, or raise models.context_tokens");
}

Status Run::retrieve() {
    const auto begin = std::chrono::steady_clock::now();
    retrieval::Query query;
    query.text = conversation_.search_text;
    query.k = std::max(kRetrieved, parts_.options.passages);
    query.collection = request_.collection;
    query.path = request_.path;
    query.type = request_.type;
    HEARTH_TRY(const std::vector<retrieval::Hit> hits, parts_.corpus.search(query));
    const PassageLimits limits{parts_.options.passages, parts_.options.passage_token_budget};
    const auto count = [this](std::string_view text) { return static_cast<int>(parts_.model.tokenize(text).size()); };
    HEARTH_TRY(passages_, select_passages(hits, parts_.corpus, limits, count));
    answer_.sources = sources_of(passages_);
    answer_.timings.search_seconds = seconds_since(begin);
    return {};
}

Status Run::decide() {
    HEARTH_TRY(evidence_, measure_evidence(conversation_.gate_text, passages_, parts_.embedder, cancel_));
    answer_.evidence = evidence_.features;
    answer_.gate_score = passages_.empty() ? 0 : evidence_probability(evidence_.features);
    answer_.found = answer_.gate_score >= kEvidenceThreshold;
    return {};
}

/// The call needs no words of the model, and its result says more clearly what a small model would retell.
Result<Answer> Run::answer_from_tool(const std::string& tool) {
    const std::string result = call_tool({"call_1", tool, "{}"});
    answer_.gate_score = answer_.found ? 1 : 0;
    answer_.text = result;
    while (answer_.text.ends_with('\n')) answer_.text.pop_back();
    deliver(answer_.text);
    if (stopped()) answer_.finish_reason = llm::FinishReason::kCancelled;
    answer_.timings.total_seconds = seconds_since(start_);
    return std::move(answer_);
}

Result<Answer> Run::refuse() {
    answer_.text = std::string(kNotFoundText);
    answer_.text += passages_.empty() ? " Nothing in the folder is close to it." : " The nearest passages are shown.";
    answer_.timings.first_token_seconds = seconds_since(start_);
    send(DeltaEvent{answer_.text});
    HEARTH_TRY_STATUS(
        quote_sources(answer_.sources, answer_.text, {}, conversation_.question, *support_, parts_.corpus));
    if (stopped()) answer_.finish_reason = llm::FinishReason::kCancelled;
    answer_.timings.total_seconds = seconds_since(start_);
    return std::move(answer_);
}

/// Sources may have grown by a tool: the writer must know the new numbers. Only between steps, before any text. A
/// client that gives instructions of its own may want another language or form: then no sentence is replaced.
void Run::rebuild_writer() {
    support_ = std::make_unique<SupportIndex>(support_passages(answer_.sources), conversation_.question);
    std::vector<int> numbers;
    for (const Source& source : answer_.sources) numbers.push_back(source.number);
    CitationWriter::Judge judge;
    if (conversation_.instructions.empty()) {
        judge = [this](std::string_view, const std::optional<Support>& support) {
            CitationWriter::Ruling ruling = rule_on(support, passages_, evidence_.sentences);
            answer_.quoted = !ruling.quotes.empty();
            return ruling;
        };
    }
    writer_ = std::make_unique<CitationWriter>(std::move(numbers), *support_, std::move(judge));
}

Result<Answer> Run::generate(std::vector<llm::Message> messages, const std::string& first_tool) {
    std::string required = first_tool;
    const int steps = std::max(parts_.options.max_steps, required.empty() ? 1 : 2);  // a call, and the answer from it
    for (int step = 1; step <= steps; ++step) {
        bool again = false;
        HEARTH_TRY_STATUS(take_step(messages, required, step == steps, again));
        required.clear();
        if (!again) break;
    }
    return finish();
}

/// A model that has been shown tools is shown them to the end: only so is a call that it writes taken for one.
void Run::offer_tools(llm::GenerateRequest& request, const std::string& required_tool, bool last) const {
    if (!tools_begun_ && required_tool.empty() && (parts_.options.tools != ToolOffer::kAlways || last)) return;
    request.tools = offered_tools(parts_.corpus, {request_.collection, request_.path, request_.type});
    if (required_tool.empty()) return;
    request.tool_choice = llm::ToolChoice::kNamed;
    request.tool_name = required_tool;
}

Status Run::take_step(std::vector<llm::Message>& messages, const std::string& required_tool, bool last, bool& again) {
    llm::GenerateRequest request;
    request.messages = messages;
    request.sampling = request_.sampling;
    request.max_tokens = request_.max_tokens > 0 ? request_.max_tokens : parts_.options.max_answer_tokens;
    offer_tools(request, required_tool, last);
    tools_begun_ = tools_begun_ || !request.tools.empty();
    const auto sink = [this](std::string_view delta) {
        return deliver(writer_->push(delta)) && !writer_->stopped() && !over_time();
    };
    HEARTH_TRY(const llm::Completion step, parts_.model.generate(request, sink, cancel_));
    add_usage(step.usage);
    answer_.finish_reason = writer_->stopped() ? llm::FinishReason::kStop : step.finish_reason;
    const bool called = answer_.finish_reason == llm::FinishReason::kToolCalls;
    const bool may_call = static_cast<int>(answer_.tools.size()) < parts_.options.max_tool_calls && !last;
    again = called && may_call && !stopped() && !over_time();
    if (again) call_tools(messages, step);
    return {};
}

void Run::call_tools(std::vector<llm::Message>& messages, const llm::Completion& step) {
    messages.push_back({llm::Role::kAssistant, step.text, step.tool_calls, {}, {}});
    for (const llm::ToolCall& call : step.tool_calls) {
        messages.push_back({llm::Role::kTool, call_tool(call), {}, call.id, call.name});
    }
    if (writer_->text().empty()) rebuild_writer();
    send(SourcesEvent{answer_.sources, answer_.found});
}

/// Runs one call within the budgets and notes it.
ToolResult Run::run_call(const llm::ToolCall& call) {
    const auto begin = std::chrono::steady_clock::now();
    const int next = static_cast<int>(answer_.sources.size()) + 1;
    ToolResult result;
    if (static_cast<int>(answer_.tools.size()) >= parts_.options.max_tool_calls || is_repeated(call)) {
        result.text = "error: no more calls of this kind; answer from what you have";
        result.failed = true;
    } else {
        send(StepEvent{"calling " + call.name});
        result = run_tool(call, parts_.corpus, {request_.collection, request_.path, request_.type}, next);
    }
    answer_.found = answer_.found || !result.failed;
    for (Source& source : sources_of(result.passages, next)) {
        source.computed = result.computed;
        answer_.sources.push_back(std::move(source));
    }
    ToolTrace trace{call.name, call.arguments, result.text, seconds_since(begin), result.failed};
    send(ToolEvent{trace});
    answer_.tools.push_back(std::move(trace));
    return result;
}

bool Run::is_repeated(const llm::ToolCall& call) {
    calls_made_.push_back(call.name + " " + call.arguments);
    return std::count(calls_made_.begin(), calls_made_.end(), calls_made_.back()) >= kSameCallLimit;
}

bool Run::deliver(const std::string& text) {
    if (text.empty()) return !stopped();
    if (answer_.timings.first_token_seconds == 0) answer_.timings.first_token_seconds = seconds_since(start_);
    return send(DeltaEvent{text});
}

bool Run::send(const Event& event) {
    if (!sink_closed_ && sink_ && !sink_(event)) sink_closed_ = true;
    return !stopped();
}

/// The model called tools to the end, or said nothing that can be shown: the evidence speaks for itself.
void Run::say_without_model() {
    std::string text(kNotFoundText);
    if (!evidence_.sentences.empty()) {
        const RankedSentence& nearest = evidence_.sentences.front();
        text =
            one_line(passages_[nearest.passage].text.substr(nearest.span.start, nearest.span.end - nearest.span.start));
        answer_.quoted = true;
    } else if (answer_.found && !answer_.sources.empty() && answer_.sources.back().computed.empty()) {
        const Source& source = answer_.sources.back();
        const retrieval::Span span = support_->best_sentences(source.number, {}, conversation_.question);
        text = "\u201c" + one_line(source.hit.text.substr(span.start, span.end - span.start)) + "\u201d";
        answer_.quoted = true;
    } else if (answer_.found) {
        const auto done = std::find_if(answer_.tools.rbegin(), answer_.tools.rend(),
                                       [](const ToolTrace& trace) { return !trace.failed; });
        if (done != answer_.tools.rend()) text = done->result;
    }
    deliver(writer_->push(text));
    deliver(writer_->finish());
}

Result<Answer> Run::finish() {
    deliver(writer_->finish());
    const bool bounded = over_time() || answer_.finish_reason == llm::FinishReason::kToolCalls;
    if (writer_->text().empty() && !stopped()) say_without_model();
    answer_.text = writer_->text();
    answer_.citations = writer_->marks();
    answer_.unsupported = writer_->unsupported();
    if (stopped()) {
        answer_.finish_reason = llm::FinishReason::kCancelled;
    } else if (bounded) {
        answer_.finish_reason = llm::FinishReason::kLength;  // a bound of the loop ended it
    }
    const SupportIndex all(support_passages(answer_.sources));  // a tool may have added sources after the first text
    HEARTH_TRY_STATUS(
        quote_sources(answer_.sources, answer_.text, answer_.citations, conversation_.question, all, parts_.corpus));
    std::vector<std::string_view> texts;
    for (const Source& source : answer_.sources) {
        texts.push_back(source.hit.text);
        texts.push_back(source.computed);
    }
    answer_.unverified_quotes = quotes_not_in(answer_.text, texts);
    answer_.timings.total_seconds = seconds_since(start_);
    return std::move(answer_);
}

}  // namespace hearth::agents
