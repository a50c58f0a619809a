// PUBLIC. A chat model ready to generate: give it messages, get text and tool calls. One engine owns its weights,
// KV cache, tokenizer and chat template, and one worker thread that runs the steps.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/types.h"

namespace hearth::llm {

class StepTurns;

/// What others hold: an interface, so that tests can put a scripted model in the engine's place.
class TextModel {
  public:
    virtual ~TextModel() = default;

    virtual const ModelInfo& info() const = 0;

    /// Blocks until the answer is complete or `cancel` is requested (kCancelled as finish reason, within one token).
    /// Thread-safe: up to EngineOptions::max_parallel requests are computed together, token by token, max_queue more
    /// wait in order (interactive before background), then kResourceExhausted. Greedy answers and seeded ones do not
    /// depend on what else is running.
    /// Errors: kInvalidArgument for a prompt longer than the context (with the numbers), a bad schema, or an adapter
    /// that was made for another model (with the tensor); kNotFound for an unknown adapter.
    virtual Result<Completion> generate(const GenerateRequest& request, const TextSink& sink,
                                        std::stop_token cancel) = 0;

    /// The prompt's length in tokens after the chat template: what generate() would prefill.
    virtual Result<int> count_prompt_tokens(const GenerateRequest& request) = 0;

    /// The prompt as text after the chat template, special tokens spelled out.
    virtual Result<std::string> render_prompt(const GenerateRequest& request) const = 0;

    /// Token ids of a text. Special tokens are parsed from it only with `allow_special`: never for a stranger's text.
    virtual std::vector<int> tokenize(std::string_view text, bool allow_special = false) const = 0;

    /// The bytes of tokens, control tokens spelled out. May begin or end inside a code point. kInvalidArgument names
    /// an id outside the vocabulary.
    virtual Result<std::string> detokenize(std::span<const int> ids) const = 0;

    /// A snapshot of what the engine is doing. Thread-safe.
    virtual EngineStats stats() const { return {}; }
};

struct EngineOptions {
    std::string model_path;          ///< GGUF file
    std::string adapters_directory;  ///< of LoRA adapters: NAME.gguf, or PEFT's folder NAME; empty = none
    int context_tokens = 8192;       ///< clipped to what the model was trained for
    int threads = 0;                 ///< 0 = every usable core
    bool reference = false;          ///< the scalar oracle instead of the fast path
    std::string cpu_isa;             ///< kernels to compute with, as make_cpu_ops() names them; empty = the best
    int max_queue = 64;              ///< requests waiting beside those in work
    int max_parallel = 8;            ///< 1 .. kMaxParallel sequences computed together
    int kv_bits = 16;                ///< of keys and values: 16, or 8 with a scale for each 32 features
    int kv_tokens = 0;               ///< room for all sequences and the prefix cache; 0 = twice context_tokens
    std::chrono::milliseconds reader_timeout{30000};  ///< a sink that takes nothing for so long loses its request
    std::shared_ptr<StepTurns> turns;  ///< shared by engines that compute on the same cores; null = there is one
};

/// For EngineOptions::turns of every engine in the process.
std::shared_ptr<StepTurns> make_step_turns();

inline constexpr int kMaxParallel = 16;

/// Reported while a model loads: bytes done of total.
using LoadProgress = std::function<void(std::size_t done, std::size_t total)>;

/// Opens a GGUF model. Reserves weights and KV cache in `ledger` before reading. Errors name the file and the reason:
/// kNotFound, kDataLoss (truncated or hostile file), kUnsupported (architecture or tensor type), kResourceExhausted,
/// kCancelled (between two layers).
Result<std::unique_ptr<TextModel>> open_text_model(const EngineOptions& options, MemoryLedger& ledger,
                                                   const LoadProgress& progress = {},
                                                   const std::stop_token& cancel = {});

}  // namespace hearth::llm
