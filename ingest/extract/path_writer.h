// Trees of named values (JSON, XML) as lines "path: value" beneath headings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/extract/text_builder.h"

namespace hearth::ingest {

/// The first three names on the way down become headings, once there is something beneath them. From the first list
/// on, names are a path in the line; each element of that list is a paragraph. A list of plain values is a line.
class PathWriter {
  public:
    explicit PathWriter(TextBuilder& builder) : builder_(builder) {}
    PathWriter(const PathWriter&) = delete;
    PathWriter& operator=(const PathWriter&) = delete;

    void open(std::string_view name) { open(name, name); }
    void open(std::string_view name, std::string_view heading);
    /// An element of a list that bears `name`; "" for the elements of the list opened last.
    void open_element(std::string_view name);
    void leaf(std::string_view name, std::string_view value);
    /// A value without a name: an element of the list opened last. Those that follow each other share a line.
    void element(std::string_view value);
    /// Running text, a block of its own.
    void paragraph(std::string_view text);
    /// Undoes the last open.
    void close();
    void finish() { flush(); }

  private:
    struct Level {
        std::string path;     ///< in front of the names beneath
        std::string heading;  ///< not written yet
        bool headed = false;
        bool in_list = false;
        std::size_t elements = 0;
    };
    static constexpr int kMaxHeadings = 3;

    const Level& top() const { return stack_.back(); }
    void write_headings();
    void line(std::string_view text);
    void flush();

    TextBuilder& builder_;
    std::vector<Level> stack_ = {{}};
    int headings_ = 0;    ///< open ones
    std::string lines_;   ///< of the paragraph being filled
    bool joins_ = false;  ///< the last line is a list's elements
};

}  // namespace hearth::ingest
