#include "llm/text_stream.h"

#include <utility>

#include "core/utf8.h"

namespace hearth::llm {

TextStream::TextStream(std::vector<std::string> stops, std::vector<std::string> tool_names, const TextSink& sink)
    : sink_(sink), stops_(std::move(stops)) {
    if (!tool_names.empty()) parser_.emplace(std::move(tool_names));
}

void TextStream::expect_thought(ThoughtSink sink) {
    thought_sink_ = std::move(sink);
    thoughts_.emplace();
}

std::string TextStream::take_thought(ThoughtParser::Parts parts) {
    thought_ += parts.thought;
    if (thought_sink_ && !parts.thought.empty()) thought_sink_(parts.thought);
    return std::move(parts.text);
}

void TextStream::push(std::string_view bytes) {
    unfinished_ += bytes;
    const std::size_t whole = utf8_complete_prefix(unfinished_);
    std::string text = sanitize_utf8(std::string_view(unfinished_).substr(0, whole));
    unfinished_.erase(0, whole);
    if (thoughts_) text = take_thought(thoughts_->push(text));
    parse(stops_.push(text));
}

void TextStream::finish() {
    unfinished_.clear();
    if (thoughts_) take_thought(thoughts_->finish());
    parse(stops_.finish());
    if (parser_) deliver(parser_->finish());
}

std::vector<ToolCall> TextStream::calls() const {
    return parser_ ? parser_->calls() : std::vector<ToolCall>();
}

void TextStream::parse(std::string_view text) {
    if (text.empty()) return;
    if (parser_) {
        deliver(parser_->push(text));
    } else {
        deliver(text);
    }
}

void TextStream::deliver(std::string_view text) {
    if (text.empty()) return;
    text_ += text;
    if (sink_ && !refused_ && !sink_(text)) refused_ = true;
}

}  // namespace hearth::llm
