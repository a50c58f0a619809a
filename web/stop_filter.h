// Ends a streamed text before the first of some stop strings, holding back what may still become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::web {

/// Feed deltas with push(), the rest with flush(). Tells which string it was, which the engine's own filter does not.
class StopFilter {
  public:
    explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

    /// What may be shown now. After stopped() nothing more comes.
    std::string push(std::string_view delta);
    std::string flush();
    bool stopped() const noexcept { return stopped_; }
    /// The stop string that ended the text; empty while none has.
    const std::string& matched() const noexcept { return matched_; }

  private:
    std::string release(std::size_t bytes);

    const std::vector<std::string> stops_;
    std::string held_;
    std::string matched_;
    bool stopped_ = false;
};

}  // namespace hearth::web
