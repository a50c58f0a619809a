// What hearth-extract writes on its standard output. The daemon reads it as untrusted: a parser may have been taken
// over.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.h"
#include "ingest/document.h"

namespace hearth::ingest {

/// Exit statuses of hearth-extract. kDone: a whole reply was written.
enum class WorkerExit { kDone = 0, kUsage = 64, kOutOfMemory = 65, kSandbox = 66, kReadFailed = 67, kWriteFailed = 68 };

constexpr std::size_t kMaxReplyMetaBytes = 96u << 20;
constexpr std::size_t kMaxReplyBlocks = 500'000;

/// "HXR2", the byte count of the metadata as 4 bytes little-endian, the metadata as JSON. A document's text follows it,
/// then the rows of its tables to the end of the stream; they are not part of what is returned here. Blocks beyond
/// kMaxReplyBlocks are left out.
std::string encode_reply_head(const Extraction& extraction);
/// All of it in one string.
std::string encode_reply(const Extraction& extraction);

/// Checks everything it returns: known type, valid UTF-8 without NUL, ordered spans on code point borders, sizes,
/// tables whole. kDataLoss names the first thing that is wrong.
Result<Extraction> decode_reply(std::string raw);

}  // namespace hearth::ingest
