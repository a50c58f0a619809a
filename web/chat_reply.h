// The wire form of chat answers: one JSON object, or chunks in the order every OpenAI client accepts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "llm/types.h"
#include "web/http.h"

namespace hearth::web {

/// Same in every chunk of one answer.
struct ReplyIdentity {
    std::string id;            ///< "chatcmpl-..."
    std::int64_t created = 0;  ///< UNIX seconds
    std::string model;
};

nlohmann::json usage_json(const llm::Usage& usage);
/// "stop", "length" or "tool_calls"; a cancelled answer ends as "stop".
const char* finish_reason_name(llm::FinishReason reason) noexcept;
nlohmann::json tool_calls_json(const std::vector<llm::ToolCall>& calls);

/// The whole non-streamed reply around a message object.
nlohmann::json completion_json(const ReplyIdentity& identity, nlohmann::json message, llm::FinishReason reason,
                               const llm::Usage& usage);

/// Writes one answer as chunks: the role chunk before the first other, then deltas, the finish chunk, the usage chunk
/// when asked for, and [DONE]. After the client is gone every call is a no-op that returns false.
class ChunkStream {
  public:
    ChunkStream(ResponseWriter& writer, ReplyIdentity identity, bool include_usage);

    bool text(std::string_view delta);
    bool tool_calls(const std::vector<llm::ToolCall>& calls);
    /// A chunk with an empty delta and a top-level `hearth` object, which other clients ignore.
    bool event(nlohmann::json hearth);
    /// `delta` and `hearth` may be empty objects.
    bool finish(nlohmann::json delta, nlohmann::json hearth, llm::FinishReason reason, const llm::Usage& usage);

  private:
    bool chunk(nlohmann::json delta, const char* finish_reason, nlohmann::json hearth);
    bool role_once();
    nlohmann::json frame() const;

    ResponseWriter& writer_;
    const ReplyIdentity identity_;
    const bool include_usage_;
    bool role_sent_ = false;
};

}  // namespace hearth::web
