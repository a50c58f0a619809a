// Ends a streamed text before the first of some stop strings, holding back what may still become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::web {

/// Feed deltas with push(), the rest with flush(). The engine does this itself for plain generation; this is for
/// answers of the agent, whose loop knows no stop strings.
class StopFilter {
  public:
    explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

    /// What may be shown now. After stopped() nothing more comes.
    std::string push(std::string_view delta);
    std::string flush();
    bool stopped() const noexcept { return stopped_; }

  private:
    std::string release(std::size_t bytes);

    const std::vector<std::string> stops_;
    std::string held_;
    bool stopped_ = false;
};

}  // namespace hearth::web
