// The wire form of chat answers: one JSON object, or chunks in the order every OpenAI client accepts.
#pragma once

#include <mutex>
#include <span>
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
/// {"content":[{token, logprob, bytes, top_logprobs}], "refusal":null}
nlohmann::json logprobs_json(std::span<const llm::TokenScore> scores);

/// One entry of `choices` around a message object. `logprobs` may be null.
nlohmann::json choice_json(int index, nlohmann::json message, llm::FinishReason reason, nlohmann::json logprobs);
/// The whole non-streamed reply. `choices` is an array of choice_json().
nlohmann::json completion_json(const ReplyIdentity& identity, nlohmann::json choices, const llm::Usage& usage);

/// Writes answers as chunks: for each choice the role chunk before the first other, then deltas and the finish chunk;
/// then the usage chunk when asked for, and [DONE]. Choices may come from threads of their own. After the client is
/// gone every call is a no-op that returns false.
class ChunkStream {
  public:
    ChunkStream(ResponseWriter& writer, ReplyIdentity identity, bool include_usage, int choices);

    /// `scores` may be empty.
    bool text(int choice, std::string_view delta, std::span<const llm::TokenScore> scores);
    /// Under `reasoning_content`, as DeepSeek, vLLM and llama.cpp call it.
    bool thought(int choice, std::string_view delta);
    bool tool_calls(int choice, const std::vector<llm::ToolCall>& calls);
    /// A chunk with an empty delta and a top-level `hearth` object, which other clients ignore.
    bool event(int choice, nlohmann::json hearth);
    /// `delta` and `hearth` may be empty objects.
    bool finish(int choice, nlohmann::json delta, nlohmann::json hearth, llm::FinishReason reason);
    /// After every choice has finished.
    bool done(const llm::Usage& usage);
    /// The stream's last event where a choice failed: nothing is written after it.
    void fail(const ApiError& error);

  private:
    struct Chunk;
    bool write(int choice, Chunk chunk);
    nlohmann::json frame() const;

    ResponseWriter& writer_;
    const ReplyIdentity identity_;
    const bool include_usage_;
    std::mutex mutex_;
    std::vector<bool> role_sent_;
    bool failed_ = false;
};

}  // namespace hearth::web
