// The wire form of Anthropic's messages: one JSON object, or the events that its clients accumulate.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/answering.h"

namespace hearth::web {

/// The whole reply. An answer from documents has a search_result_location per citation: search_result_index is the
/// source's number less one, cited_text its quote, source a link that opens the passage under `base`.
nlohmann::json anthropic_message(const std::string& id, const std::string& model, const FinishedAnswer& answer,
                                 const std::string& base);

/// Writes message_start … message_stop around the text as it comes. Nothing is written before there is something to
/// say, so that an early failure has its own status.
class AnthropicStream : public AnswerListener {
  public:
    AnthropicStream(ResponseWriter& writer, std::string id, std::string model)
        : writer_(writer), id_(std::move(id)), model_(std::move(model)) {}

    bool text(std::string_view delta, std::span<const llm::TokenScore> scores) override;
    void thought(std::string_view delta) override;
    void finish(const FinishedAnswer& answer, const std::string& base);

  private:
    bool emit(const char* name, nlohmann::json payload);
    bool start_message();
    enum class Block { kNone, kThinking, kText };
    bool start_block(nlohmann::json block);
    bool delta(nlohmann::json delta);
    bool stop_block();
    bool end_thought();

    ResponseWriter& writer_;
    const std::string id_;
    const std::string model_;
    bool started_ = false;
    Block open_ = Block::kNone;
    int index_ = 0;
};

}  // namespace hearth::web
