#include "ingest/extract/path_writer.h"

namespace hearth::ingest {

void PathWriter::open(std::string_view name, std::string_view heading) {
    Level level;
    level.in_list = top().in_list;
    if (!level.in_list && headings_ < kMaxHeadings) {
        flush();
        level.headed = true;
        level.heading = heading;
        ++headings_;
    } else {
        level.path = top().path + std::string(name) + ".";
    }
    joins_ = false;
    stack_.push_back(std::move(level));
}

void PathWriter::open_element(std::string_view name) {
    Level& list = stack_.back();
    Level level;
    level.in_list = true;
    const std::string index = "[" + std::to_string(list.elements++) + "]";
    if (list.in_list) {
        std::string path = list.path + std::string(name);
        if (path.ends_with('.')) path.pop_back();
        level.path = path + index + ".";
    } else {
        flush();
        if (list.path.empty() && !name.empty()) level.path = std::string(name) + ".";
    }
    joins_ = false;
    stack_.push_back(std::move(level));
}

void PathWriter::leaf(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    line(top().path + std::string(name) + ": " + std::string(value));
    joins_ = false;
}

void PathWriter::element(std::string_view value) {
    if (value.empty()) return;
    if (joins_) {
        lines_ += ", ";
        lines_ += value;
        return;
    }
    Level& list = stack_.back();
    if (list.headed && !list.heading.empty() && lines_.empty()) {
        list.headed = false;
        --headings_;
        list.path = list.heading + ".";
    }
    std::string path = list.path;
    if (path.ends_with('.')) path.back() = ':';
    line(path.empty() ? std::string(value) : path + " " + std::string(value));
    joins_ = true;
}

void PathWriter::paragraph(std::string_view text) {
    flush();
    line(text);
    flush();
}

void PathWriter::close() {
    const Level& closed = top();
    const bool ends_list = closed.in_list && !stack_[stack_.size() - 2].in_list;
    if (closed.headed || ends_list) flush();
    if (closed.headed) --headings_;
    stack_.pop_back();
    joins_ = false;
}

void PathWriter::write_headings() {
    int level = 0;
    for (Level& place : stack_) {
        if (!place.headed) continue;
        ++level;
        if (place.heading.empty()) continue;
        builder_.add(BlockKind::kHeading, place.heading, level);
        place.heading.clear();
    }
}

void PathWriter::line(std::string_view text) {
    if (!lines_.empty()) lines_ += '\n';
    lines_ += text;
}

void PathWriter::flush() {
    if (!lines_.empty()) {
        write_headings();
        builder_.add(BlockKind::kParagraph, lines_, headings_ + 1);
    }
    lines_.clear();
    joins_ = false;
}

}  // namespace hearth::ingest
