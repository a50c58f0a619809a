// From token bytes to what the caller sees: whole code points, the thought apart, cut at stop strings, tool calls taken
// out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "llm/stop_strings.h"
#include "llm/thoughts.h"
#include "llm/tool_calls.h"
#include "llm/types.h"

namespace hearth::llm {

/// One generation's output. Not thread-safe.
class TextStream {
  public:
    /// `tool_names` empty: no calls are looked for. The sink may be empty.
    TextStream(std::vector<std::string> stops, std::vector<std::string> tool_names, const TextSink& sink);

    /// The output begins with a thought. Before the first push().
    void expect_thought(ThoughtSink sink);

    /// A token's bytes; an unfinished code point waits for the next token.
    void push(std::string_view bytes);
    /// Ends the stream and gives out what was held back. A code point cut short by the token limit is dropped.
    void finish();

    bool stopped() const { return stops_.matched(); }  ///< a stop string is complete
    bool refused() const { return refused_; }          ///< the sink said no
    bool thinking() const { return thoughts_ && thoughts_->thinking(); }
    const std::string& thought() const { return thought_; }
    const std::string& text() const { return text_; }
    std::vector<ToolCall> calls() const;

  private:
    /// Gives out the thought; returns the text.
    std::string take_thought(ThoughtParser::Parts parts);
    void deliver(std::string_view text);
    void parse(std::string_view text);

    const TextSink& sink_;
    ThoughtSink thought_sink_;
    std::optional<ThoughtParser> thoughts_;
    StopStrings stops_;
    std::optional<ToolCallParser> parser_;
    std::string unfinished_;  // bytes of a code point that is not whole yet
    std::string thought_, text_;
    bool refused_ = false;
};

}  // namespace hearth::llm
