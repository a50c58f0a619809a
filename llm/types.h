// The vocabulary of the engine that others may know: messages, tools, requests, results. No tensors here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::llm {

enum class Role { kSystem, kUser, kAssistant, kTool };

/// One call the model asked for. `arguments` is a JSON object as text, "{}" when empty.
struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;
};

struct Message {
    Role role = Role::kUser;
    std::string content;
    std::vector<ToolCall> tool_calls;  ///< assistant only
    std::string tool_call_id;          ///< tool only: the call it answers
    std::string name;                  ///< tool only: the tool's name
};

/// `parameters` is a JSON Schema as text; empty means an object without properties.
struct ToolDefinition {
    std::string name;
    std::string description;
    std::string parameters;
};

/// Background requests run only while no interactive one can, and give way between two tokens.
enum class Priority { kInteractive, kBackground };

/// Whether the model may, must or must not call a tool. With kNamed, `GenerateRequest::tool_name` says which.
enum class ToolChoice { kNone, kAuto, kRequired, kNamed };

/// Neutral values do nothing. temperature 0 is greedy and ignores the other filters.
struct SamplingOptions {
    float temperature = 0.0f;         ///< 0 .. 2
    int top_k = 0;                    ///< 0 = off
    float top_p = 1.0f;               ///< (0, 1]
    float min_p = 0.0f;               ///< [0, 1]; share of the best token's probability
    float repetition_penalty = 1.0f;  ///< >= 1 divides positive logits of tokens already in the context window
    int repetition_window = 256;      ///< tokens looked back at
    float frequency_penalty = 0.0f;   ///< -2 .. 2
    float presence_penalty = 0.0f;    ///< -2 .. 2
    std::map<int, float> logit_bias;  ///< token id to bias, -100 .. 100
    /// Same seed, same build, same text; absent = another one each time.
    std::optional<std::uint64_t> seed;
};

/// One token and the natural logarithm of its probability by the model alone: before bias, penalties, grammar and
/// temperature.
struct TokenLogprob {
    int id = 0;
    std::string bytes;  ///< may be part of a code point; the spelling of a control token
    float logprob = 0;
};

struct TokenScore {
    TokenLogprob chosen;
    std::vector<TokenLogprob> top;  ///< most probable first, GenerateRequest::top_logprobs of them
};

/// Receives every token as it is chosen, before the text that holds it; called where TextSink is.
using TokenSink = std::function<void(const TokenScore&)>;

/// Receives what a model thinks before it answers, as it is decided; called where TextSink is.
using ThoughtSink = std::function<void(std::string_view delta)>;

inline constexpr int kMaxTopLogprobs = 20;

struct GenerateRequest {
    std::vector<Message> messages;
    std::vector<int> prompt_tokens;  ///< not empty: the prompt itself, instead of messages and a template
    std::vector<ToolDefinition> tools;
    ToolChoice tool_choice = ToolChoice::kAuto;
    std::string tool_name;  ///< with ToolChoice::kNamed
    SamplingOptions sampling;
    int max_tokens = 0;             ///< 0 = what is left of the context
    std::vector<std::string> stop;  ///< the text before the first of these is returned
    std::optional<std::string>
        json_schema;                  ///< constrain the whole answer to this JSON Schema ("{}" = any JSON object)
    std::string adapter;              ///< of EngineOptions::adapters_directory; empty = the model alone
    std::string assistant_prefix;     ///< text the answer is made to start with; part of the returned text
    std::optional<int> top_logprobs;  ///< 0 .. kMaxTopLogprobs: score every token, with this many alternatives
    TokenSink token_sink;             ///< with top_logprobs; may be empty
    /// A model that can think before it answers does so. Not with prompt_tokens, assistant_prefix, json_schema, a
    /// required call or top_logprobs: these are of the answer from its first token on.
    bool thinking = false;
    ThoughtSink thought_sink;  ///< may be empty
    Priority priority = Priority::kInteractive;
    /// Guess tokens that repeat the context and check several in one step. Changes nothing about the answer.
    bool prompt_lookup = true;
};

enum class FinishReason { kStop, kLength, kToolCalls, kCancelled };

struct Usage {
    int prompt_tokens = 0;
    int cached_tokens = 0;  ///< of the prompt, taken from the prefix cache
    int completion_tokens = 0;
    int thought_tokens = 0;         ///< of those, the ones thought before the answer
    int draft_tokens = 0;           ///< guessed by prompt lookup
    int accepted_draft_tokens = 0;  ///< of those, what the model chose too
    double queue_seconds = 0;
    double prefill_seconds = 0;
    double decode_seconds = 0;
};

struct Completion {
    std::string thought;  ///< with GenerateRequest::thinking
    std::string text;
    std::vector<ToolCall> tool_calls;
    std::vector<TokenScore> tokens;  ///< with GenerateRequest::top_logprobs
    FinishReason finish_reason = FinishReason::kStop;
    Usage usage;
};

/// Receives whole UTF-8 code points as they are decided; text that may still become a stop string or a tool call is
/// held back. Called on the thread that called generate(). A sink that is slow holds up its own answer only, and loses
/// it after EngineOptions::reader_timeout. Return false to cancel; nothing more is given out then.
using TextSink = std::function<bool(std::string_view delta)>;

/// Counters grow from the engine's start on.
struct EngineStats {
    int running = 0;  ///< requests in work
    int waiting = 0;  ///< in the queue, or put back for want of KV blocks
    int kv_blocks = 0;
    int kv_blocks_free = 0;
    int kv_blocks_cached = 0;  ///< held by the prefix cache (and perhaps by a running request too)
    std::uint64_t steps = 0;
    std::uint64_t prompt_tokens = 0;  ///< computed
    std::uint64_t cached_tokens = 0;  ///< taken from the prefix cache
    std::uint64_t completion_tokens = 0;
    std::uint64_t draft_tokens = 0;
    std::uint64_t accepted_draft_tokens = 0;
    std::uint64_t preemptions = 0;
};

struct ModelInfo {
    std::string id;            ///< "qwen2.5-coder-0.5b-instruct-q4_k_m"
    std::string architecture;  ///< "qwen2"
    std::string file_sha256;   ///< empty until known
    int context_tokens = 0;    ///< longest prompt plus answer this engine was opened for
    int vocabulary_size = 0;
    std::uint64_t weight_bytes = 0;
    std::string isa;  ///< kernel path in use: one of Ops::isa()
    int threads = 0;
};

}  // namespace hearth::llm
