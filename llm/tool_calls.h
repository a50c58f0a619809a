// One streaming parser for the tool-call syntaxes that models write. Output is never lost: what is no call stays text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "llm/types.h"

namespace hearth::llm {

/// Recognises <tool_call>{"name":…,"arguments":…}</tool_call> (Qwen, Hermes) and a bare or fenced
/// {"name":…,"arguments"|"parameters":…} object that is the whole answer. Feed deltas; take text that is certain.
/// Whitespace before a call, and at the end after one, goes with the call.
class ToolCallParser {
  public:
    /// Names of the tools that exist; an object naming another is text.
    explicit ToolCallParser(std::vector<std::string> tool_names);
    /// Returns the text that can no longer become part of a call.
    std::string push(std::string_view delta);
    /// Ends the stream: returns the text still held back.
    std::string finish();
    const std::vector<ToolCall>& calls() const { return calls_; }

  private:
    std::string advance(bool at_end);

    std::vector<std::string> tool_names_;
    std::string pending_;
    bool text_seen_ = false;
    std::vector<ToolCall> calls_;
};

}  // namespace hearth::llm
