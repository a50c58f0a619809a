// Messages (.eml), mailboxes (.mbox) and web pages saved as messages (.mhtml).
#include <algorithm>
#include <array>
#include <string>

#include "ingest/extract/charset.h"
#include "ingest/extract/mime.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/parts.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr int kMessageLevel = 1;

Extraction read_body(const MimePart& part) {
    const std::string text = to_utf8(part.body(), part.charset).value_or("");
    if (part.type == "text/html") return parse_html(text);
    return part.type == "text/markdown" ? parse_markdown(text) : parse_text(text);
}

bool has_words(const Extraction& extraction) {
    const auto* document = std::get_if<Document>(&extraction);
    return document != nullptr && !collapse_blanks(document->text).empty();
}

class MessageReader {
  public:
    MessageReader(Document& document, const ParseLimits& limits) : document_(document), limits_(limits) {}

    void read(const MimePart& message) {
        const std::string subject = message.header("subject");
        if (document_.title.empty()) document_.title = subject;
        TextBuilder builder(document_);
        builder.add(BlockKind::kHeading, subject.empty() ? "Message" : subject, kMessageLevel);
        std::string lines;
        constexpr std::array<std::pair<const char*, const char*>, 4> kShown = {
            {{"from", "From"}, {"to", "To"}, {"cc", "Cc"}, {"date", "Date"}}};
        for (const auto& [name, label] : kShown) {
            const std::string value = message.header(name);
            if (!value.empty()) lines += std::string(label) + ": " + value + "\n";
        }
        builder.add(BlockKind::kParagraph, lines);
        part(message, 0);
    }

  private:
    void part(const MimePart& node, int depth) {
        if (node.type == "multipart/alternative" && !node.parts.empty()) return alternative(node, depth);
        if (node.type.starts_with("multipart/")) {
            for (const MimePart& inner : node.parts) part(inner, depth + 1);
            return;
        }
        const bool body = node.type.starts_with("text/") && !node.attachment && node.file_name.empty();
        if (body) {
            const Extraction words = read_body(node);
            if (has_words(words)) append_part(document_, std::get<Document>(words), kMessageLevel);
        } else {
            attachment(node);
        }
    }

    /// Plain text reads best when there is any; the last of the others is the richest (RFC 2046, 5.1.4).
    void alternative(const MimePart& node, int depth) {
        const auto plain = std::find_if(node.parts.begin(), node.parts.end(), [](const MimePart& choice) {
            return choice.type == "text/plain" && has_words(read_body(choice));
        });
        part(plain != node.parts.end() ? *plain : node.parts.back(), depth + 1);
    }

    void attachment(const MimePart& node) {
        const bool picture_of_body = node.type.starts_with("image/") && !node.attachment;
        if (picture_of_body) return;
        const std::string bytes = node.body();
        std::string name = node.file_name;
        if (name.empty()) name = node.type == "message/rfc822" ? "message.eml" : "attachment";
        append_file(document_, bytes, name, "Attachment: " + name, kMessageLevel + 1, limits_);
    }

    Document& document_;
    const ParseLimits limits_;
};

/// The page of a multipart/related message: its first part of HTML.
const MimePart* find_page(const MimePart& node) {
    if (node.type == "text/html" || node.type == "application/xhtml+xml") return &node;
    for (const MimePart& inner : node.parts) {
        if (const MimePart* found = find_page(inner)) return found;
    }
    return nullptr;
}

/// Browsers write pages without a sender or receiver.
bool is_saved_page(const MimePart& message) {
    return message.type == "multipart/related" && message.header("to").empty() && find_page(message) != nullptr;
}

/// Where the message behind the "From " line at `at` ends.
std::size_t message_end(std::string_view bytes, std::size_t at) {
    const auto next = bytes.find("\nFrom ", at);
    return next == std::string_view::npos ? bytes.size() : next + 1;
}

/// ">From " at a line's start was "From " when it was sent.
std::string unquote_from(std::string_view message) {
    std::string out;
    for (std::size_t at = 0; at < message.size();) {
        const std::size_t end = next_line(message, at, message.size());
        std::string_view line = message.substr(at, end - at);
        const auto marks = line.find_first_not_of('>');
        if (marks != std::string_view::npos && marks > 0 && line.substr(marks).starts_with("From "))
            line.remove_prefix(1);
        out += line;
        at = end;
    }
    return out;
}

}  // namespace

Extraction parse_mail(std::string_view bytes, const ParseLimits& limits) {
    const MimePart message = parse_mime(bytes);
    if (is_saved_page(message)) {
        Extraction page = read_body(*find_page(message));
        if (auto* document = std::get_if<Document>(&page)) {
            document->type = "mhtml";
            if (document->title.empty()) document->title = message.header("subject");
        }
        return page;
    }
    Document document{"mail", {}, {}, {}};
    MessageReader(document, limits).read(message);
    return document;
}

Extraction parse_mailbox(std::string_view bytes, const ParseLimits& limits) {
    Document document{"mail", {}, {}, {}};
    MessageReader reader(document, limits);
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t end = message_end(bytes, at);
        const std::size_t start = next_line(bytes, at, bytes.size());
        if (start < end) {
            const std::string message = unquote_from(bytes.substr(start, end - start));
            reader.read(parse_mime(message));
        }
        at = end;
    }
    document.title.clear();  // the first subject does not speak for the others
    return document;
}

}  // namespace hearth::ingest
