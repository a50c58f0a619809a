// hearth-extract: reads one file on standard input inside a sandbox and writes its text and structure on standard
// output. Started by hearthd for every file; the options are hearthd's, none is for people.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/file.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/pdf_converter.h"
#include "ingest/extract/sandbox.h"
#include "ingest/worker_reply.h"

namespace hearth::ingest {
namespace {

struct Arguments {
    std::string name;
    ProcessLimits process;
    ParseLimits parse;
    pid_t parent = 0;
};

bool read_number(std::string_view word, std::int64_t& out) {
    const auto result = std::from_chars(word.data(), word.data() + word.size(), out);
    return result.ec == std::errc() && result.ptr == word.data() + word.size() && out > 0;
}

std::optional<Arguments> read_arguments(std::span<char* const> words) {
    Arguments arguments;
    std::int64_t max_text = 0;
    std::int64_t parent = 0;
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
        const std::string_view option = words[i];
        const std::string_view value = words[i + 1];
        bool good = true;
        if (option == "--name")
            arguments.name = value;
        else if (option == "--memory")
            good = read_number(value, arguments.process.memory_bytes);
        else if (option == "--cpu")
            good = read_number(value, arguments.process.cpu_seconds);
        else if (option == "--max-text")
            good = read_number(value, max_text);
        else if (option == "--parent")
            good = read_number(value, parent);
        else
            good = false;
        if (!good) return std::nullopt;
    }
    if (words.size() % 2 == 0 || max_text <= 0 || parent <= 0) return std::nullopt;
    arguments.parse.max_text_bytes = static_cast<std::size_t>(max_text);
    arguments.parent = static_cast<pid_t>(parent);
    return arguments;
}

std::optional<std::string> read_input() {
    struct stat st {};
    if (::fstat(STDIN_FILENO, &st) != 0) return std::nullopt;
    std::string bytes(static_cast<std::size_t>(st.st_size), '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t size =
            ::pread(STDIN_FILENO, bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(filled));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return std::nullopt;
        if (size == 0) break;  // truncated meanwhile: hearthd sees the change and comes back
        filled += static_cast<std::size_t>(size);
    }
    bytes.resize(filled);
    return bytes;
}

bool write_reply(const Extraction& extraction) {
    const std::string head = encode_reply_head(extraction);
    if (!write_all(STDOUT_FILENO, std::as_bytes(std::span(head))).ok()) return false;
    const auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return true;
    if (!write_all(STDOUT_FILENO, std::as_bytes(std::span(document->text))).ok()) return false;
    return std::all_of(document->tables.begin(), document->tables.end(), [](const PackedTable& table) {
        return write_all(STDOUT_FILENO, std::as_bytes(std::span(table.rows))).ok();
    });
}

/// The converter needs files and a process of its own, so it runs before the inner ring closes; its output is parsed
/// inside.
std::optional<Extraction> extract_pdf(const Arguments& arguments) {
    const PdfConversion conversion = convert_pdf(STDIN_FILENO, arguments.parse.max_text_bytes);
    if (!enter_inner_ring().ok()) return std::nullopt;
    if (conversion.refusal) return *conversion.refusal;
    return finish(parse_pdf_text(conversion.text, conversion.info), arguments.name, arguments.parse);
}

std::optional<Extraction> extract(const Arguments& arguments, std::string_view bytes) {
    if (!enter_inner_ring().ok()) return std::nullopt;
    return extract_bytes(bytes, arguments.name, arguments.parse);
}

WorkerExit work(const Arguments& arguments) {
    std::array<char, 1024> head{};
    const ssize_t head_size = ::pread(STDIN_FILENO, head.data(), head.size(), 0);
    if (head_size < 0) return WorkerExit::kReadFailed;
    std::optional<Extraction> result;
    if (is_pdf({head.data(), static_cast<std::size_t>(head_size)})) {
        result = extract_pdf(arguments);
    } else {
        const auto bytes = read_input();
        if (!bytes) return WorkerExit::kReadFailed;
        result = extract(arguments, *bytes);
    }
    if (!result) return WorkerExit::kSandbox;
    const Extraction& extraction = *result;
    return write_reply(extraction) ? WorkerExit::kDone : WorkerExit::kWriteFailed;
}

WorkerExit run(std::span<char* const> words) {
    const auto arguments = read_arguments(words);
    if (!arguments) return WorkerExit::kUsage;
    if (!limit_process(arguments->process, arguments->parent).ok() || !enter_outer_ring().ok())
        return WorkerExit::kSandbox;
    try {
        return work(*arguments);
    } catch (const std::bad_alloc&) {
        return WorkerExit::kOutOfMemory;
    }
}

}  // namespace
}  // namespace hearth::ingest

int main(int argc, char** argv) {
    const auto exit = hearth::ingest::run({argv, static_cast<std::size_t>(argc)});
    // No destructors: the process ends, and freeing a hostile file's tree is one more thing that could go wrong.
    std::_Exit(static_cast<int>(exit));
}
