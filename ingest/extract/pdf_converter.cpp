#include "ingest/extract/pdf_converter.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/file.h"

namespace hearth::ingest {
namespace {

constexpr const char* kPdfToText = "/usr/bin/pdftotext";
constexpr const char* kPdfInfo = "/usr/bin/pdfinfo";
constexpr std::size_t kMaxMessages = 64 << 10;
constexpr std::size_t kMaxInfo = 256 << 10;

struct Finished {
    int status = 0;  ///< as from waitpid
    std::string output;
    std::string messages;
    bool too_large = false;
};

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

[[noreturn]] void become(const char* const* argv, int file_fd, int output_fd, int messages_fd) {
    static const char* const kEnvironment[] = {"LC_ALL=C.UTF-8", nullptr};
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool ready = ::lseek(file_fd, 0, SEEK_SET) == 0 &&
                       (file_fd == STDIN_FILENO || ::dup2(file_fd, STDIN_FILENO) >= 0) &&
                       ::dup2(output_fd, STDOUT_FILENO) >= 0 && ::dup2(messages_fd, STDERR_FILENO) >= 0;
    if (ready) ::execve(argv[0], const_cast<char* const*>(argv), const_cast<char* const*>(kEnvironment));
    ::_exit(127);
}

/// False at the end of the stream.
bool take(int fd, std::string& into, std::size_t limit, bool& too_large) {
    std::array<char, 64 << 10> buffer;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) return true;
    if (size <= 0) return false;
    const std::size_t room = limit - into.size();
    if (static_cast<std::size_t>(size) > room) too_large = true;
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(size)));
    return true;
}

std::optional<Finished> run(const char* const* argv, int file_fd, std::size_t max_output) {
    auto output = make_pipe();
    auto messages = make_pipe();
    if (!output || !messages) return std::nullopt;
    const pid_t child = ::fork();
    if (child < 0) return std::nullopt;
    if (child == 0) become(argv, file_fd, output->write.get(), messages->write.get());
    output->write.reset();
    messages->write.reset();
    Finished finished;
    bool messages_cut = false;
    std::array<pollfd, 2> fds = {{{output->read.get(), POLLIN, 0}, {messages->read.get(), POLLIN, 0}}};
    while ((fds[0].fd >= 0 || fds[1].fd >= 0) && !finished.too_large) {
        if (::poll(fds.data(), fds.size(), -1) < 0) continue;
        if (fds[0].revents != 0 && !take(fds[0].fd, finished.output, max_output, finished.too_large)) fds[0].fd = -1;
        if (fds[1].revents != 0 && !take(fds[1].fd, finished.messages, kMaxMessages, messages_cut)) fds[1].fd = -1;
    }
    output->read.reset();  // a child that still writes ends by SIGPIPE
    messages->read.reset();
    while (::waitpid(child, &finished.status, 0) < 0 && errno == EINTR) {
    }
    return finished;
}

Refusal refuse(std::string reason, std::string remedy) {
    return {"pdf", std::move(reason), std::move(remedy)};
}

std::optional<Refusal> judge(const std::optional<Finished>& finished, std::size_t max_text_bytes) {
    if (!finished) return refuse("the PDF converter could not be started", "Free memory, then drop the file again.");
    if (finished->too_large) {
        return refuse("the PDF holds more than " + std::to_string(max_text_bytes >> 20) + " MiB of text",
                      "Split the PDF.");
    }
    const auto says = [&](const char* words) { return finished->messages.find(words) != std::string::npos; };
    if (says("Incorrect password")) {
        return refuse("the PDF is encrypted with a password", "Save a copy without the password and drop that.");
    }
    if (WIFSIGNALED(finished->status)) {
        return refuse("the PDF converter crashed (signal " + std::to_string(WTERMSIG(finished->status)) + ")",
                      "The PDF is probably damaged, or needs too much memory: print it to a new PDF.");
    }
    const int code = WEXITSTATUS(finished->status);
    if (code == 127) {
        return refuse("pdftotext is not installed",
                      "Install poppler-utils, remove the file from the folder and drop it again.");
    }
    if (code == 3) {
        return refuse("the PDF forbids copying its text", "Print it to a new PDF and drop that.");
    }
    if (code != 0) return refuse("the PDF is damaged", "Open it in a PDF viewer and print it to a new PDF.");
    return std::nullopt;
}

}  // namespace

PdfConversion convert_pdf(int file_fd, std::size_t max_text_bytes) {
    static const char* const kTextCommand[] = {kPdfToText, "-enc", "UTF-8", "-eol", "unix", "-", "-", nullptr};
    static const char* const kInfoCommand[] = {kPdfInfo, "-enc", "UTF-8", "-", nullptr};
    PdfConversion conversion;
    auto text = run(kTextCommand, file_fd, max_text_bytes);
    conversion.refusal = judge(text, max_text_bytes);
    if (conversion.refusal) return conversion;
    conversion.text = std::move(text->output);
    // Without it the PDF has no title, nothing worse.
    if (auto info = run(kInfoCommand, file_fd, kMaxInfo)) conversion.info = std::move(info->output);
    return conversion;
}

}  // namespace hearth::ingest
