// A pipeline over a temporary folder, with the real extractor and a sink that only remembers.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "ingest/pipeline.h"
#include "support/fake_sink.h"
#include "support/temp_dir.h"

namespace hearth::ingest {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline bool eventually(const std::function<bool()>& condition, seconds limit = seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
}

class PipelineTest : public ::testing::Test {
  protected:
    PipelineTest() {
        options_.folder = dir_.path("folder");
        options_.extractor_path = std::string(HEARTH_BINARY_DIR) + "/hearth-extract";
        options_.settle = milliseconds(100);
        fs::create_directories(options_.folder);
    }

    void start() {
        auto started = Pipeline::start(options_, sink_, tokens_, ledger_);
        ASSERT_TRUE(started.ok()) << started.error().message;
        pipeline_ = std::move(started).value();
    }
    void write(const std::string& name, const std::string& text) {
        const fs::path path = fs::path(options_.folder) / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }
    std::string path(const std::string& name) const { return options_.folder + "/" + name; }
    bool has_stored(const std::string& name) const { return sink_.stored().contains(name); }
    bool waits_idle() const {
        return eventually([&] { return pipeline_->idle(); });
    }

    test::TempDir dir_;
    test::FakeSink sink_;
    test::WordCounter tokens_;
    MemoryLedger ledger_{std::size_t{1} << 30};
    PipelineOptions options_;
    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace hearth::ingest
