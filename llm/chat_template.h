// A model's own chat template (Jinja, out of its file) turned into prompt segments. The interpreter is in llm/jinja*.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/tokenizer.h"
#include "llm/types.h"

namespace hearth::llm {

/// Parsed once, rendered per request. Immutable; thread-safe.
class ChatTemplate {
  public:
    virtual ~ChatTemplate() = default;
    /// Renders with messages, tools, enable_thinking and add_generation_prompt=true. Bounded: 2,000,000 steps, 4 MiB of
    /// output, depth 64. Text that came out of `messages` and `tools` is in segments with allow_special = false.
    /// kInvalidArgument carries the template's own raise_exception message.
    virtual Result<std::vector<PromptSegment>> render(const std::vector<Message>& messages,
                                                      const std::vector<ToolDefinition>& tools,
                                                      bool thinking = false) const = 0;
    /// True when the source mentions tools: otherwise the engine describes them in the system message.
    virtual bool supports_tools() const = 0;
    /// False when the template refuses or drops a system message: the engine puts its text before the first
    /// user's then.
    virtual bool supports_system() const = 0;
    /// True when the source knows thoughts (thoughts.h).
    virtual bool supports_thinking() const = 0;
};

/// `bos` and `eos` are the spellings the template sees as bos_token and eos_token.
Result<std::unique_ptr<ChatTemplate>> parse_chat_template(std::string_view source, std::string bos, std::string eos);

}  // namespace hearth::llm
