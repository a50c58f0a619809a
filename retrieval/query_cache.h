// The vectors of the last questions: asking the same again, or turning the page, does not embed again.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hearth::retrieval {

/// Least recently used goes first. Thread-safe.
class QueryCache {
  public:
    explicit QueryCache(std::size_t capacity) : capacity_(capacity) {}
    std::optional<std::vector<float>> find(const std::string& text);
    void insert(const std::string& text, std::vector<float> vector);

  private:
    struct Entry {
        std::string text;
        std::vector<float> vector;
    };
    const std::size_t capacity_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // most recent first
    std::map<std::string, std::list<Entry>::iterator> by_text_;
};

}  // namespace hearth::retrieval
