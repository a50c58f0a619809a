// Searches beside writes: nothing torn, nothing stale after an acknowledgement.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/corpus_fixture.h"

namespace hearth {
namespace {

TEST(CorpusThreads, SearchesDuringWritesSeeWholeVersionsOnly) {
    test::CorpusFolder folder;
    const auto text_of = [](int version) {
        // Both chunks of one version carry its number; a hit that mixed versions would show two.
        const std::string mark = "v" + std::to_string(version);
        return "Windmill " + mark + " grinds corn " + mark + ".\n\nMiller " + mark + " sleeps " + mark + ".";
    };
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(folder.put(std::to_string(i) + ".md", text_of(0)).ok());
    std::atomic<bool> stop{false};
    std::atomic<int> searches{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (!stop) {
                const auto hits = folder.corpus->search({.text = "windmill corn", .k = 20});
                if (!hits.ok()) {
                    ++wrong;
                    continue;
                }
                for (const auto& hit : *hits) {
                    const std::size_t first = hit.text.find(" v");
                    const std::string mark = hit.text.substr(first, hit.text.find(' ', first + 1) - first);
                    if (hit.text.find("Windmill") != std::string::npos && !hit.text.ends_with(mark + ".")) ++wrong;
                }
                if (!folder.corpus->counts().ok() || !folder.corpus->documents().ok()) ++wrong;
                ++searches;
            }
        });
    }
    for (int version = 1; version <= 25; ++version) {
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(folder.put(std::to_string(i) + ".md", text_of(version)).ok());
        EXPECT_FALSE(folder.finds("v" + std::to_string(version - 1) + "."));
        if (version % 5 == 0) {
            EXPECT_TRUE(folder.corpus->maintain().ok());
        }
    }
    while (searches < 10 && wrong == 0) std::this_thread::yield();
    stop = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(folder.verify(), "");
}

}  // namespace
}  // namespace hearth
