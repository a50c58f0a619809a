// What a client may ask of the server at most. Everything a stranger can send meets one of these numbers.
#pragma once

#include <chrono>
#include <cstddef>

namespace hearth::web {

constexpr std::size_t kMaxHeaderBytes = 32u << 10;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxHeaderLineBytes = 8u << 10;
constexpr std::size_t kMaxTargetBytes = 8u << 10;
constexpr std::size_t kMaxConnections = 1024;
constexpr std::size_t kMaxConnectionsPerPeer = 64;
constexpr std::size_t kMaxLoopbackConnections = 256;       ///< of them: a proxy on this machine is one peer
constexpr std::size_t kMaxStreamBufferBytes = 256u << 10;  ///< unsent event-stream bytes; more cancels the request
constexpr std::size_t kMaxPipelinedBytes = 64u << 10;      ///< read ahead while a request is being answered
constexpr std::size_t kMaxIgnoredBodyBytes = 64u << 10;    ///< a body where none is needed
constexpr std::size_t kMinBodyBytesPerSecond = 1u << 10;
constexpr std::size_t kMultipartSlackBytes = 64u << 10;  ///< boundaries and part headers around an upload

constexpr std::chrono::seconds kHeaderTimeout{10};
constexpr std::chrono::seconds kIdleTimeout{75};
constexpr std::chrono::seconds kBodyGrace{30};       ///< after this the minimum body rate counts
constexpr std::chrono::seconds kWriteTimeout{60};    ///< one buffer to a reader that takes nothing
constexpr std::chrono::seconds kLingerTimeout{2};    ///< so that a refused sender still reads the answer
constexpr std::chrono::seconds kStreamHeadDelay{1};  ///< see ResponseWriter::begin_stream
constexpr std::chrono::seconds kPingInterval{15};

constexpr int kIoThreads = 2;
constexpr int kGenerationThreads = 8;         ///< answers in work or waiting inside the engine's queue
constexpr std::size_t kGenerationQueue = 64;  ///< waiting for one of those threads; then 429
constexpr int kBulkThreads = 2;               ///< embeddings of many texts, a check of the whole record
constexpr std::size_t kBulkQueue = 32;
constexpr int kEventThreads = 16;       ///< listeners of /v1/events
constexpr std::size_t kEventQueue = 4;  ///< waiting to become one; then 429
constexpr std::chrono::milliseconds kEventInterval{500};
constexpr int kShortThreads = 4;
constexpr std::size_t kShortQueue = 256;
constexpr std::chrono::milliseconds kRetryAfter{2000};

constexpr int kMaxChoices = 128;   ///< `n`
constexpr int kChoiceThreads = 8;  ///< of one request; times kGenerationThreads is the engine's queue
constexpr std::size_t kMaxMessages = 2000;
constexpr std::size_t kMaxTools = 128;
constexpr std::size_t kMaxSchemaBytes = 64u << 10;
constexpr int kMaxSchemaDepth = 32;
constexpr std::size_t kMaxStopStrings = 4;
constexpr std::size_t kMaxStopSequences = 32;  ///< where the dialect names no bound
constexpr std::size_t kMaxStopBytes = 256;
constexpr std::size_t kMaxLogitBias = 300;
constexpr std::size_t kMaxRerankDocuments = 1000;
constexpr std::size_t kMaxEmbeddingInputs = 2048;
constexpr std::size_t kMaxQueryBytes = 8u << 10;
constexpr int kMaxSearchResults = 200;
constexpr int kMaxPageItems = 10'000;  ///< of a list with a cursor
constexpr std::size_t kMaxFileContentBytes = 64u << 20;
constexpr std::size_t kMaxPassageContextBytes = 64u << 10;

}  // namespace hearth::web
