// Internet messages: headers (RFC 5322, 2047, 2231) and the tree of their parts (RFC 2045, 2046).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ingest {

struct MimePart {
    std::map<std::string, std::string>
        headers;                      ///< lower-case names; values in UTF-8, on one line. The first of a name
    std::string type = "text/plain";  ///< lower-case
    std::string charset;
    std::string file_name;
    bool attachment = false;
    std::string_view raw;  ///< the body as it was sent; into the bytes that were parsed
    std::vector<MimePart> parts;

    std::string header(const std::string& name) const;
    /// The body without its transfer encoding.
    std::string body() const;
};

/// Headers up to the first blank line, then the body. 16 levels and 2,000 parts at most; what lies deeper is not split.
/// The parts look into `bytes`.
MimePart parse_mime(std::string_view bytes);

/// The lines at the beginning are headers, among them two that every message has.
bool starts_like_mail(std::string_view bytes);

std::string decode_base64(std::string_view text);
std::string decode_quoted_printable(std::string_view text, bool in_header = false);
/// "=?utf-8?Q?caf=C3=A9?=" and the like.
std::string decode_words(std::string_view text);

}  // namespace hearth::ingest
