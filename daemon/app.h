// The composition root: owns every part in start order and stops them in reverse. The only place that constructs
// concrete classes.
#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "daemon/config.h"

namespace hearth::daemon {

/// What start() found, for the person reading the terminal or the journal.
struct StartSummary {
    std::string url;
    std::string inbox;
    std::string chat_model;
    std::string embedding_model;
};

/// One running hearth. start() may take seconds (models load); the HTTP server answers /healthz meanwhile.
/// Not thread-safe: one thread starts, reloads and stops it.
class App {
  public:
    /// On error everything already started is stopped again. Errors name the remedy.
    static Result<std::unique_ptr<App>> start(const Config& config, std::stop_token cancel);
    virtual ~App() = default;

    virtual const StartSummary& summary() const = 0;
    /// Takes over what can change while running (log level, the ingest settings); logs what needs a restart.
    virtual Status reload(const Config& config) = 0;
    /// One line for STATUS=.
    virtual std::string status_line() const = 0;
    /// Every few seconds, from the main loop: the folder's own page, when what it says has changed.
    virtual void tell_folder() = 0;
    /// False when an answer in work has made no progress, or one step of an engine has lasted, for so long that only a
    /// restart can help.
    virtual bool alive() const = 0;
    /// Now and then, from the main loop: checkpoint and index snapshot when idle, on a thread of their own.
    virtual void maintain() = 0;
    /// Stops accepting, drains answers within the bound, stops ingest, writes the snapshot.
    virtual void stop() = 0;
};

}  // namespace hearth::daemon
