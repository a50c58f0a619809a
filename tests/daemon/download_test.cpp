#include "daemon/download.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/file.h"
#include "core/hash.h"
#include "support/fault_server.h"
#include "support/temp_dir.h"

namespace hearth::daemon {
namespace {

using test::Fault;
using test::FaultServer;

std::string model_bytes() {
    std::string bytes;
    for (int i = 0; bytes.size() < 300'000; ++i) bytes += std::to_string(i * 7919) + " ";
    return bytes;
}

class Download : public ::testing::Test {
  protected:
    void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

    Result<std::string> fetch(const FaultServer& server, const std::string& sha256) {
        return download({.url = server.url(), .target = target_, .sha256 = sha256, .attempts = 3, .stall_seconds = 1},
                        [this](std::uint64_t done, std::uint64_t) { progress_ = done; });
    }
    bool partial_is_there() const {
        for (const auto& entry : std::filesystem::directory_iterator(directory_.path("models"))) {
            if (entry.path() != target_) return true;
        }
        return false;
    }
    bool target_is_there() const { return std::filesystem::exists(target_); }

    test::TempDir directory_;
    std::string target_ = directory_.path("models/model.gguf");
    std::string bytes_ = model_bytes();
    std::string sha256_ = sha256_hex(bytes_);
    std::uint64_t progress_ = 0;
};

TEST_F(Download, FetchesAndReportsProgress) {
    const FaultServer server(bytes_, {Fault::kNone});
    const auto fetched = fetch(server, sha256_);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_EQ(*fetched, sha256_);
    EXPECT_EQ(*read_file(target_, 1 << 20), bytes_);
    EXPECT_EQ(progress_, bytes_.size());
    EXPECT_FALSE(partial_is_there());
    struct stat info {};
    ASSERT_EQ(::stat(target_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0644u) << "the service's user must be able to read what root fetched";
}

TEST_F(Download, ContinuesAfterTruncation) {
    const FaultServer server(bytes_, {Fault::kTruncate, Fault::kTruncate, Fault::kNone});
    ASSERT_TRUE(fetch(server, sha256_).ok());
    EXPECT_TRUE(server.saw_range());
    EXPECT_EQ(*read_file(target_, 1 << 20), bytes_);
}

TEST_F(Download, ContinuesAfterAStall) {
    const FaultServer server(bytes_, {Fault::kStall, Fault::kNone});
    ASSERT_TRUE(fetch(server, sha256_).ok());
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Download, KeepsThePartWhenTheServerNeverFinishes) {
    const FaultServer server(bytes_, {Fault::kLieLonger});
    const auto fetched = fetch(server, sha256_);
    ASSERT_FALSE(fetched.ok());
    EXPECT_FALSE(target_is_there());
}

TEST_F(Download, WithoutHashAndEtagAStumpIsNotContinued) {
    const FaultServer server(bytes_, {Fault::kTruncate, Fault::kNone});
    ASSERT_TRUE(fetch(server, {}).ok());
    EXPECT_FALSE(server.saw_range());
    EXPECT_EQ(*read_file(target_, 1 << 20), bytes_);
}

TEST_F(Download, AFileThatChangedMeanwhileIsFetchedAnew) {
    FaultServer server(bytes_, {Fault::kTruncate, Fault::kTruncate, Fault::kTruncate, Fault::kNone});
    server.replace(bytes_, "\"one\"");
    const auto stump = download({.url = server.url(), .target = target_, .sha256 = {}, .attempts = 1}, {});
    ASSERT_FALSE(stump.ok());
    const std::string changed = "another version " + bytes_;
    server.replace(changed, "\"two\"");
    ASSERT_TRUE(fetch(server, {}).ok());
    EXPECT_TRUE(server.saw_range());
    EXPECT_EQ(*read_file(target_, 1 << 20), changed);
}

TEST_F(Download, AnotherAddressNeverContinuesTheFirst) {
    const FaultServer first("other " + bytes_, {Fault::kTruncate});
    const auto stump = download({.url = first.url(), .target = target_, .sha256 = sha256_, .attempts = 1}, {});
    ASSERT_FALSE(stump.ok());
    const FaultServer second(bytes_, {Fault::kNone});
    ASSERT_TRUE(fetch(second, sha256_).ok());
    EXPECT_FALSE(second.saw_range());
}

TEST_F(Download, NothingBeyondTheEndIsCompleteOnlyAtTheSameLength) {
    const FaultServer liar(bytes_, {Fault::kLieLonger, Fault::kNone});
    ASSERT_TRUE(fetch(liar, sha256_).ok());
    EXPECT_EQ(*read_file(target_, 1 << 20), bytes_);

    FaultServer shrunk(bytes_ + bytes_, {Fault::kTruncate, Fault::kNone});
    const std::string shorter = bytes_.substr(0, 1000);
    const std::string target = directory_.path("models/short.gguf");
    const auto stump = download({.url = shrunk.url(), .target = target, .sha256 = sha256_, .attempts = 1}, {});
    ASSERT_FALSE(stump.ok());
    shrunk.replace(shorter);
    const auto fetched =
        download({.url = shrunk.url(), .target = target, .sha256 = sha256_hex(shorter), .attempts = 3}, {});
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_EQ(*read_file(target, 1 << 20), shorter);
}

TEST_F(Download, StartsOverWhenTheRangeIsIgnored) {
    const FaultServer server(bytes_, {Fault::kTruncate, Fault::kIgnoreRange});
    ASSERT_TRUE(fetch(server, sha256_).ok());
    EXPECT_EQ(*read_file(target_, 1 << 20), bytes_);
}

TEST_F(Download, WrongHashInstallsNothingAndKeepsNothing) {
    const FaultServer server(bytes_, {Fault::kNone});
    const auto fetched = fetch(server, std::string(64, '0'));
    ASSERT_FALSE(fetched.ok());
    EXPECT_EQ(fetched.error().code, ErrorCode::kDataLoss);
    EXPECT_FALSE(target_is_there());
    EXPECT_FALSE(partial_is_there());
}

TEST_F(Download, NotFoundIsFinal) {
    const FaultServer server(bytes_, {Fault::kNotFound});
    EXPECT_EQ(fetch(server, sha256_).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Download, NobodyListeningIsUnavailable) {
    const auto fetched = download({.url = "http://127.0.0.1:1/x", .target = target_, .sha256 = {}, .attempts = 2}, {});
    EXPECT_EQ(fetched.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace hearth::daemon
