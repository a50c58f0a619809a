// A response as it comes to be: the object and, for a stream, every event of its state machine in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "llm/types.h"
#include "web/error_map.h"
#include "web/http.h"
#include "web/responses/translate.h"

namespace hearth::web {

/// Each call writes its events when there is a writer, and keeps the object up to date. Order of the calls: begin();
/// then any of file_search_*, text()*, end_text(), call(); then one of complete(), fail(), cancel().
/// False: the client of the stream is gone.
class ResponseReply {
  public:
    /// `writer` null: nothing is streamed.
    ResponseReply(const ResponsesRequest& request, std::string id, std::int64_t created, ResponseWriter* writer);

    bool begin();
    bool file_search_begin();
    /// `results` null unless the client asked for them.
    bool file_search_end(const std::string& query, nlohmann::json results);
    bool text(std::string_view delta);
    /// The message is whole; without text it is left out, unless there is nothing else.
    bool end_text(const nlohmann::json& annotations, bool always);
    bool call(const llm::ToolCall& call);
    bool complete(llm::FinishReason reason, const llm::Usage& usage, const nlohmann::json& hearth);
    bool fail(const ApiError& error);
    bool cancel();

    const nlohmann::json& object() const noexcept { return object_; }

  private:
    bool event(const char* type, nlohmann::json payload);
    bool end(const char* type, const char* status);
    bool open_message();
    nlohmann::json at_item(const nlohmann::json& item) const;

    ResponseWriter* const writer_;
    nlohmann::json object_;
    std::int64_t sequence_ = 0;
    nlohmann::json open_;  ///< the item in work; null between items
    std::string text_;
};

nlohmann::json response_usage_json(const llm::Usage& usage);

}  // namespace hearth::web
