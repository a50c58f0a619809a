// Several answers to one request at once, as the engine batches them.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "web/limits.h"

namespace hearth::web {

/// Calls work(0) .. work(count - 1), up to kChoiceThreads of them at a time, the first on the calling thread. What one
/// of them throws is thrown again once all have ended.
template <typename Work>
void for_each_choice(int count, const Work& work) {
    std::atomic<int> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto run = [&] {
        for (int choice = next++; choice < count; choice = next++) {
            try {
                work(choice);
            } catch (...) {
                const std::lock_guard lock(mutex);
                failure = std::current_exception();
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 1; i < std::min(count, kChoiceThreads); ++i) threads.emplace_back(run);
        run();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace hearth::web
