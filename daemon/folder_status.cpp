#include "daemon/folder_status.h"

#include <unistd.h>

#include <ctime>
#include <utility>

#include "core/file.h"
#include "core/utf8.h"

namespace hearth::daemon {
namespace {

constexpr const char* kTitle = "# hearth: what is read of this folder\n";
constexpr std::size_t kMaxPageBytes = 1u << 20;
constexpr std::size_t kMaxCellBytes = 500;

std::string counted(std::int64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// Outside text as one table cell: no line break, no cell border, no markup, no HTML.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, utf8_floor(text, kMaxCellBytes))) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += ' ';
        else if (c == '<')
            out += "&lt;";
        else if (c == '&')
            out += "&amp;";
        else if (std::string_view("\\`*_[]|#!~").find(c) != std::string_view::npos)
            (out += '\\') += c;
        else
            out += c;
    }
    return text.size() > kMaxCellBytes ? out + "..." : out;
}

std::string table_of_failures(const std::vector<retrieval::DocumentStatus>& documents) {
    std::string rows;
    std::size_t failed = 0;
    for (const retrieval::DocumentStatus& document : documents) {
        if (document.state != retrieval::DocumentState::kFailed || ++failed > kFolderStatusRows) continue;
        rows += "| " + cell(document.document.path) + " | " + cell(document.reason) + " | " + cell(document.remedy) +
                " |\n";
    }
    if (failed == 0) return {};
    std::string out = "\n## What could not be read\n\n| file | why | what to do |\n| --- | --- | --- |\n" + rows;
    if (failed > kFolderStatusRows)
        out += "\nand " + std::to_string(failed - kFolderStatusRows) + " more: `hearth status` lists all.\n";
    return out;
}

std::string utc(FolderStatusFile::Clock::time_point now) {
    const std::time_t seconds = FolderStatusFile::Clock::to_time_t(now);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

}  // namespace

std::string render_folder_status(const retrieval::CorpusCounts& counts, const ingest::PipelineCounters& pipeline,
                                 const std::vector<retrieval::DocumentStatus>& documents) {
    std::string out = "- " + counted(counts.documents_indexed, "file", "files") + " can be searched and asked about (" +
                      counted(counts.chunks, "passage", "passages") + ")\n";
    if (counts.documents_queued > 0)
        out += "- " + counted(counts.documents_queued, "file waits", "files wait") + " to be read\n";
    if (counts.documents_failed > 0)
        out += "- " + counted(counts.documents_failed, "file", "files") + " could not be read: see below\n";
    if (pipeline.paused) out += "- Paused: new files wait until `hearth resume`\n";
    if (pipeline.deletes_held)
        out +=
            "- More than a fifth of the files vanished at once. They stay searchable until they come back or somebody "
            "confirms with `hearth confirm-deletes`\n";
    if (!pipeline.problem.empty()) out += "- In the way: " + cell(pipeline.problem) + "\n";
    return out + table_of_failures(documents);
}

FolderStatusFile::FolderStatusFile(std::string folder, bool enabled)
    : path_(std::move(folder) + "/" + kFolderStatusName), enabled_(enabled) {
    if (enabled_) return;
    const auto earlier = read_file(path_, kMaxPageBytes);
    if (earlier.ok() && earlier->starts_with(kTitle)) ::unlink(path_.c_str());
}

Status FolderStatusFile::update(const std::string& page, Clock::time_point now) {
    if (!enabled_ || page == written_) return {};
    const std::string text = std::string(kTitle) + "\n" + page + "\nAs of " + utc(now) +
                             ". hearth writes this page and never reads it; `ingest.status_file = \"off\"` stops it.\n";
    const Status done = atomic_write_file(path_, text, 0644);
    if (done.ok()) written_ = page;
    const bool told = std::exchange(failed_, !done.ok());
    return done.ok() || told ? Status() : done;
}

}  // namespace hearth::daemon
