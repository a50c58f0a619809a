// The real worker program, and the sandbox it runs in.
#include "ingest/extractor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

#include "core/file.h"
#include "ingest/extract/sandbox.h"
#include "support/temp_dir.h"

namespace hearth::ingest {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class ExtractorTest : public ::testing::Test {
  protected:
    ExtractorTest() { options_.program = std::string(HEARTH_BINARY_DIR) + "/hearth-extract"; }

    Extraction run(const std::string& path) {
        const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        auto extraction = run_extractor(options_, fd.get(), path, {});
        EXPECT_TRUE(extraction.ok()) << extraction.error().message;
        return std::move(extraction).value();
    }
    Extraction run_golden(const std::string& name) {
        return run(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/documents/" + name);
    }
    std::string reason(const Extraction& extraction) {
        const auto* refusal = std::get_if<Refusal>(&extraction);
        return refusal == nullptr ? "no refusal" : refusal->reason;
    }
    /// A program that does `script` instead of extracting.
    void replace_worker(const std::string& script) {
        options_.program = dir_.path("worker.sh");
        std::ofstream(options_.program) << "#!/bin/sh\n" << script << "\n";
        ASSERT_EQ(::chmod(options_.program.c_str(), 0700), 0);
        std::ofstream(dir_.path("in.txt")) << "words";
    }

    test::TempDir dir_;
    ExtractorOptions options_;
};

TEST_F(ExtractorTest, APageTooLargeForItsMemoryIsNotCalledDamaged) {
    if (kSanitized) GTEST_SKIP() << "the memory limit is not applied in sanitized builds";
    std::ofstream page(dir_.path("in.html"));
    page << "<html>";
    for (int i = 0; i < 400'000; ++i) page << "<p><b>x</b>";
    page.close();
    options_.memory_bytes = 128 << 20;
    const Extraction extraction = run(dir_.path("in.html"));
    EXPECT_NE(reason(extraction).find("needs more than 128 MiB"), std::string::npos) << reason(extraction);
    EXPECT_NE(std::get<Refusal>(extraction).remedy.find("extract_memory_mib"), std::string::npos);
}

TEST_F(ExtractorTest, ReadsAPdfByItsPages) {
    const Extraction extraction = run_golden("manual.pdf");
    ASSERT_TRUE(std::holds_alternative<Document>(extraction)) << reason(extraction);
    const auto& document = std::get<Document>(extraction);
    EXPECT_EQ(document.title, "The Pump Manual");
    EXPECT_NE(document.text.find("open the housing of the pump"), std::string::npos);
    EXPECT_EQ(document.text.find("Page 2 of 4"), std::string::npos);
    EXPECT_EQ(document.blocks.back().page, 4);
    EXPECT_EQ(document.blocks[4].heading, "2.1 Electrical connection");
    EXPECT_EQ(document.blocks[4].level, 2);
}

TEST_F(ExtractorTest, UnreadablePdfsSayWhy) {
    EXPECT_NE(reason(run_golden("encrypted.pdf")).find("encrypted"), std::string::npos);
    EXPECT_NE(reason(run_golden("scanned.pdf")).find("no text layer"), std::string::npos);
    EXPECT_NE(reason(run_golden("damaged.pdf")).find("damaged"), std::string::npos);
}

TEST_F(ExtractorTest, TheSandboxIsWideEnoughForEveryFormat) {
    for (const char* name :
         {"travel.docx", "book.epub", "files.zip", "files.tar.gz", "office/launch.odp", "office/launch.pptx",
          "office/manual.docx", "office/manual.odt", "office/manual.rtf", "office/stock.ods", "office/stock.xlsx"}) {
        const Extraction extraction = run_golden(name);
        EXPECT_TRUE(std::holds_alternative<Document>(extraction)) << name << ": " << reason(extraction);
    }
}

TEST_F(ExtractorTest, ALateWorkerIsKilledWithItsChildren) {
    replace_worker("sleep 1000 & sleep 1000");
    options_.timeout = std::chrono::seconds(1);
    EXPECT_NE(reason(run(dir_.path("in.txt"))).find("longer than 1 s"), std::string::npos);
}

TEST_F(ExtractorTest, ACrashCostsOneFile) {
    replace_worker("kill -SEGV $$");
    EXPECT_EQ(reason(run(dir_.path("in.txt"))), "the parser crashed (signal 11)");
}

TEST_F(ExtractorTest, LiesOfTheWorkerAreRefused) {
    replace_worker("echo HXR1garbage");
    EXPECT_NE(reason(run(dir_.path("in.txt"))).find("broken"), std::string::npos);
    options_.max_text_bytes = 1000;
    replace_worker("head -c 200000000 /dev/zero");
    EXPECT_NE(reason(run(dir_.path("in.txt"))).find("of text"), std::string::npos);
}

TEST_F(ExtractorTest, MemoryIsLimited) {
    if (kSanitized) GTEST_SKIP() << "the sanitizer's shadow memory does not fit under an address space limit";
    options_.memory_bytes = 256 << 20;
    std::ofstream(dir_.path("big.txt")) << std::string(150 << 20, 'x');
    EXPECT_NE(reason(run(dir_.path("big.txt"))).find("256 MiB"), std::string::npos);
}

TEST_F(ExtractorTest, StopsWhenAskedTo) {
    replace_worker("sleep 1000");
    const UniqueFd fd(::open(dir_.path("in.txt").c_str(), O_RDONLY | O_CLOEXEC));
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    const auto extraction = run_extractor(options_, fd.get(), "in.txt", stop.get_token());
    ASSERT_FALSE(extraction.ok());
    EXPECT_EQ(extraction.error().code, ErrorCode::kCancelled);
}

/// Exit status of `body` run in a child of this process; 200 when the sandbox could not be entered.
int in_sandbox(bool inner, const std::function<int()>& body) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        const bool ready =
            limit_process({}, parent).ok() && enter_outer_ring().ok() && (!inner || enter_inner_ring().ok());
        ::_exit(ready ? body() : 200);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Sandbox, HasNoSocketsInEitherRing) {
    for (const bool inner : {false, true}) {
        EXPECT_EQ(in_sandbox(inner, [] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 1; }), 0);
        EXPECT_EQ(in_sandbox(inner, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 1; }), 0);
    }
}

TEST(Sandbox, OpensNothingForWriting) {
    const test::TempDir dir;
    const std::string path = dir.path("x");
    for (const bool inner : {false, true}) {
        EXPECT_EQ(in_sandbox(inner, [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT, 0600) < 0 ? 0 : 1; }), 0);
        EXPECT_EQ(in_sandbox(inner, [&] { return ::unlink("/etc/hostname") < 0 && errno == EPERM ? 0 : 1; }), 0);
    }
}

TEST(Sandbox, InnerRingOpensAndStartsNothing) {
    EXPECT_EQ(in_sandbox(true, [] { return ::open("/etc/passwd", O_RDONLY) < 0 ? 0 : 1; }), 0);
    EXPECT_EQ(in_sandbox(true, [] { return ::fork() < 0 ? 0 : 1; }), 0);
    EXPECT_EQ(in_sandbox(true,
                         [] {
                             char* const argv[] = {const_cast<char*>("/bin/true"), nullptr};
                             ::execv(argv[0], argv);
                             return 0;  // still here
                         }),
              0);
}

TEST(Sandbox, NobodyElseCanBeSignalled) {
    for (const bool inner : {false, true}) {
        EXPECT_EQ(in_sandbox(inner, [] { return ::kill(::getppid(), 0) < 0 ? 0 : 1; }), 0);
    }
}

TEST(Sandbox, MemoryIsLimited) {
    if (kSanitized) GTEST_SKIP() << "not applied under sanitizers";
    EXPECT_EQ(in_sandbox(true,
                         [] {
                             void* memory = ::mmap(nullptr, 2ull << 30, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                             return memory == MAP_FAILED ? 0 : 1;
                         }),
              0);
}

}  // namespace
}  // namespace hearth::ingest
