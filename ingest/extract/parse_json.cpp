// JSON and JSON Lines, read as they stream by: no tree is built.
#include <nlohmann/json.hpp>

#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/path_writer.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxNesting = 256;

class Handler final : public json::json_sax_t {
  public:
    explicit Handler(PathWriter& writer) : writer_(writer) {}

    bool null() override { return value({}); }
    bool boolean(bool truth) override { return value(truth ? "true" : "false"); }
    bool number_integer(number_integer_t number) override { return value(std::to_string(number)); }
    bool number_unsigned(number_unsigned_t number) override { return value(std::to_string(number)); }
    bool number_float(number_float_t, const string_t& digits) override { return value(digits); }
    bool string(string_t& words) override { return value(words); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return start(false); }
    bool start_array(std::size_t) override { return start(true); }
    bool key(string_t& name) override {
        key_ = name;
        return true;
    }
    bool end_object() override { return end(); }
    bool end_array() override { return end(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  private:
    struct Container {
        bool array;
        bool opened;
    };
    bool in_array() const { return !stack_.empty() && stack_.back().array; }

    bool value(std::string_view text) {
        if (stack_.empty() || in_array())
            writer_.element(text);
        else
            writer_.leaf(key_, text);
        return true;
    }

    bool start(bool array) {
        if (stack_.size() >= kMaxNesting) return false;
        const bool root = stack_.empty();
        if (!root && in_array())
            writer_.open_element({});
        else if (!root)
            writer_.open(key_);
        stack_.push_back({array, !root});
        return true;
    }

    bool end() {
        if (stack_.back().opened) writer_.close();
        stack_.pop_back();
        return true;
    }

    PathWriter& writer_;
    std::string key_;
    std::vector<Container> stack_;
};

bool read(PathWriter& writer, std::string_view text) {
    Handler handler(writer);
    return json::sax_parse(text.begin(), text.end(), &handler);
}

std::string_view without_mark(std::string_view text) {
    return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

}  // namespace

Extraction parse_json_text(std::string_view bytes) {
    const auto text = to_utf8(bytes);
    if (!text) return Refusal{"json", "the text's encoding is unknown", "Save the file as UTF-8."};
    Document document{"json", {}, {}, {}};
    TextBuilder builder(document);
    PathWriter writer(builder);
    if (!read(writer, without_mark(*text))) return parse_text(bytes);
    writer.finish();
    return document;
}

Extraction parse_json_lines(std::string_view bytes) {
    const auto text = to_utf8(bytes);
    if (!text) return Refusal{"json", "the text's encoding is unknown", "Save the file as UTF-8."};
    Document document{"json", {}, {}, {}};
    TextBuilder builder(document);
    PathWriter writer(builder);
    for (std::size_t at = 0; at < text->size();) {
        const Line line = read_line(*text, at);
        at = line.span.end;
        const std::string_view words = without_mark(line.words);
        if (words.empty()) continue;
        PathWriter record(builder);
        record.open_element({});
        // Half a record at the end of a file that is still being written is shown as it is.
        if (is_json(words) && read(record, words))
            record.close();
        else
            writer.paragraph(words);
    }
    writer.finish();
    return document;
}

bool is_json(std::string_view text) {
    class Judge final : public json::json_sax_t {
      public:
        bool null() override { return true; }
        bool boolean(bool) override { return true; }
        bool number_integer(number_integer_t) override { return true; }
        bool number_unsigned(number_unsigned_t) override { return true; }
        bool number_float(number_float_t, const string_t&) override { return true; }
        bool string(string_t&) override { return true; }
        bool binary(binary_t&) override { return false; }
        bool start_object(std::size_t) override { return ++depth_ <= kMaxNesting; }
        bool start_array(std::size_t) override { return ++depth_ <= kMaxNesting; }
        bool key(string_t&) override { return true; }
        bool end_object() override { return leave(); }
        bool end_array() override { return leave(); }
        bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

      private:
        bool leave() {
            --depth_;
            return true;
        }
        std::size_t depth_ = 0;
    };
    const std::string_view body = without_mark(text);
    Judge judge;
    return json::sax_parse(body.begin(), body.end(), &judge);
}

}  // namespace hearth::ingest
