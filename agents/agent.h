// PUBLIC. The answering loop: retrieve, decide whether there is evidence, let the model answer and call tools within
// budgets, check every citation and quote against the record.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"
#include "llm/encoder.h"
#include "llm/engine.h"
#include "retrieval/corpus.h"

namespace hearth::agents {

/// A numbered passage behind an answer. `number` is what [1] in the text refers to.
struct Source {
    int number = 0;
    retrieval::Hit hit;
    std::string quote;           ///< the words of the passage that carry the answer
    retrieval::Span quote_span;  ///< of `quote` in the document's extracted text
    std::string computed;        ///< what query_table computed over a table that `hit` tells of; else empty
    bool verified = false;       ///< quote equals the document's bytes at quote_span
    bool cited = false;          ///< the answer refers to it
};

struct ToolTrace {
    std::string name;
    std::string arguments;
    std::string result;  ///< cut to what the model saw
    double seconds = 0;
    bool failed = false;
};

/// [start, end) bytes of Answer::text that are the citation mark of `number`.
struct CitationMark {
    std::size_t start = 0;
    std::size_t end = 0;
    int number = 0;
    bool supported = false;  ///< one sentence of the passage carries the statement; false: only the passage as a whole
};

struct Timings {
    double search_seconds = 0;
    double first_token_seconds = 0;  ///< from the call to the first text
    double total_seconds = 0;
};

/// What the evidence gate measured.
struct EvidenceFeatures {
    double best_sentence = 0;  ///< highest cosine of the question with one sentence of a passage (under its heading)
    double weakest_word = 0;   ///< the question's least matched content word: 1 when it is in a passage, else the
                               ///< highest cosine with any word there
};

struct Answer {
    std::string text;
    bool found = false;     ///< false: the evidence gate said no; `sources` are then the nearest passages
    double gate_score = 0;  ///< the evidence gate's probability that the passages answer the question
    EvidenceFeatures evidence;
    std::vector<Source> sources;
    std::vector<CitationMark> citations;
    std::vector<retrieval::Span> unverified_quotes;  ///< bytes of `text` in quotation marks that no passage holds
    std::vector<retrieval::Span> unsupported;        ///< bytes of `text`: sentences that no passage carries
    bool quoted = false;      ///< the loop put the passage's own sentence before, or in place of, the model's
    int history_dropped = 0;  ///< messages before the question that did not fit the model's share for them
    std::vector<ToolTrace> tools;
    llm::FinishReason finish_reason = llm::FinishReason::kStop;
    llm::Usage usage;  ///< summed over the loop's steps
    Timings timings;
};

struct AskRequest {
    std::vector<llm::Message> messages;  ///< the conversation; the last user message is the question
    std::string collection;              ///< filters as in retrieval::Query
    std::string path;
    std::string type;
    llm::SamplingOptions sampling;
    int max_tokens = 0;                     ///< 0 = the loop's own bound
    std::shared_ptr<llm::TextModel> model;  ///< answers instead of the agent's own, which null means
};

struct StepEvent {
    std::string label;
};  ///< "searching", "reading manual.pdf": for a person
struct SourcesEvent {
    std::vector<Source> sources;
    bool found = false;
};
struct ToolEvent {
    ToolTrace trace;
};
struct DeltaEvent {
    std::string text;
};  ///< the deltas concatenated are Answer::text
using Event = std::variant<StepEvent, SourcesEvent, ToolEvent, DeltaEvent>;

/// Return false to cancel.
using EventSink = std::function<bool(const Event&)>;

/// Whether tools are used. kWhenAsked: only where the question asks for one. The loop answers questions about the
/// folder and the clock from the tool's result itself; for "read …" and "search for …" the model writes the first call,
/// and may call more in the steps after it. For a count, a sum, a mean or an extreme over a table near the question the
/// model writes SQL and the loop shows what it computes. kAlways: the model may call in every step. A small model
/// answers worse when it sees tools it does not need.
enum class ToolOffer { kNever, kWhenAsked, kAlways };

struct AgentOptions {
    int max_steps = 4;  ///< calls of the model in one run; at least 2 where a tool is required
    int max_tool_calls = 6;
    int max_answer_tokens = 256;  ///< of one step
    std::chrono::seconds max_time{300};
    int passages = 4;                ///< behind an answer
    int passage_token_budget = 500;  ///< of the model's tokens, all passages together
    int evidence_sentences = 5;      ///< of the passages, nearest first, shown to the model; 0 = the passages whole
    int history_token_budget = 300;  ///< of the turns before the question
    ToolOffer tools = ToolOffer::kWhenAsked;
};

/// Thread-safe; one call is one run.
class Agent {
  public:
    /// All three must outlive the agent. `embedder` weighs single sentences and words for the evidence gate; it is
    /// the model the corpus was embedded with.
    static std::unique_ptr<Agent> create(const AgentOptions& options, llm::TextModel& model,
                                         llm::EmbeddingModel& embedder, const retrieval::Corpus& corpus);
    virtual ~Agent() = default;
    virtual Result<Answer> ask(const AskRequest& request, const EventSink& sink, std::stop_token cancel) = 0;
};

}  // namespace hearth::agents
