// hearthd: arguments, configuration, one App, and the signals that end or reload it.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "core/log.h"
#include "daemon/app.h"
#include "daemon/config.h"
#include "daemon/notify.h"
#include "daemon/signals.h"

namespace {

using namespace std::chrono_literals;
using hearth::daemon::App;
using hearth::daemon::Config;
using hearth::daemon::Signals;
namespace notify = hearth::daemon::notify;

// sysexits.h, so that systemd and scripts can tell them apart.
constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;
constexpr int kExitBadConfig = 78;
constexpr std::chrono::milliseconds kStatusInterval = 2s;
constexpr auto kMaintenanceInterval = 5min;

struct Arguments {
    std::string config_file;
    std::string home;
    int port = -1;
    bool check = false;
    bool print = false;
};

bool ends_the_daemon(int signal) {
    return signal == SIGTERM || signal == SIGINT;
}

hearth::Result<Config> effective_config(const Arguments& arguments) {
    Config config;
    if (!arguments.config_file.empty()) {
        HEARTH_TRY(config, hearth::daemon::load_config(arguments.config_file));
    }
    if (!arguments.home.empty()) config.home = arguments.home;
    if (arguments.port >= 0) config.port = arguments.port;
    return config;
}

int fail(const hearth::Error& error, int exit_code) {
    hearth::log_event(hearth::LogLevel::kError, "daemon", "failed", {{"reason", error.message}});
    return exit_code;
}

/// What another try cannot heal is the configuration's fault: systemd does not restart then.
int start_failure(const hearth::Error& error) {
    return fail(error, error.code == hearth::ErrorCode::kInvalidArgument ? kExitBadConfig : kExitUnavailable);
}

void reload(App& app, const Arguments& arguments) {
    notify::reloading();
    const auto config = effective_config(arguments);
    if (config.ok()) {
        (void)app.reload(*config).ok();  // logs for itself
    } else {
        hearth::log_event(hearth::LogLevel::kError, "daemon", "reload_refused", {{"reason", config.error().message}});
    }
    notify::ready(app.status_line());
}

/// Until SIGTERM or SIGINT. The watchdog is fed from here while status_line(), which asks the record, returns and
/// answers make progress.
void serve(App& app, const Arguments& arguments, Signals& signals) {
    const auto watchdog = std::chrono::duration_cast<std::chrono::milliseconds>(notify::watchdog_interval());
    const auto tick = watchdog.count() > 0 ? std::min(watchdog / 2, kStatusInterval) : kStatusInterval;
    auto next_maintenance = std::chrono::steady_clock::now() + kMaintenanceInterval;
    for (;;) {
        const int signal = signals.wait(tick);
        if (ends_the_daemon(signal)) return;
        if (signal == SIGHUP) reload(app, arguments);
        notify::status(app.status_line());
        app.tell_folder();
        if (app.alive()) notify::watchdog_alive();
        if (std::chrono::steady_clock::now() >= next_maintenance) {
            app.maintain();
            next_maintenance = std::chrono::steady_clock::now() + kMaintenanceInterval;
        }
    }
}

/// Models load for seconds: a signal meanwhile cancels the start instead of waiting for it. A signal that comes too
/// late to cancel is found by the caller in `stop`.
hearth::Result<std::unique_ptr<App>> start_interruptibly(const Config& config, Signals& signals, bool& stop) {
    std::stop_source cancel;
    hearth::Result<std::unique_ptr<App>> app = hearth::Error(hearth::ErrorCode::kInternal, "not started");
    std::atomic<bool> done = false;
    std::jthread starter([&] {
        app = App::start(config, cancel.get_token());
        done = true;
    });
    while (!done) {
        if (!ends_the_daemon(signals.wait(20ms))) continue;
        stop = true;
        cancel.request_stop();
    }
    starter.join();
    return app;
}

int run(const Config& config, const Arguments& arguments, Signals& signals) {
    bool stop = false;
    auto app = start_interruptibly(config, signals, stop);
    if (!app.ok() && app.error().code == hearth::ErrorCode::kCancelled) return 0;
    if (!app.ok()) return start_failure(app.error());
    if (!stop) {
        notify::ready((*app)->status_line());
        std::printf("hearth is ready\n  page and API  %s\n  drop files in %s\n", (*app)->summary().url.c_str(),
                    (*app)->summary().inbox.c_str());
        std::fflush(stdout);
        serve(**app, arguments, signals);
    }
    notify::stopping();
    (*app)->stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App cli("hearthd: watches a folder, indexes it and answers questions about it");
    cli.set_version_flag("--version", HEARTH_VERSION);
    cli.add_option("--config", arguments.config_file, "TOML file; see hearth.toml.example");
    cli.add_option("--home", arguments.home, "directory for everything hearth keeps (overrides paths.home)");
    cli.add_option("--port", arguments.port, "TCP port (overrides server.port; 0 = any free one)")
        ->check(CLI::Range(0, 65535));
    cli.add_flag("--check-config", arguments.check, "read the configuration, report errors, exit");
    cli.add_flag("--print-config", arguments.print, "print the effective configuration, exit");
    cli.footer("Exit status: 0 stopped, 64 wrong arguments, 69 something needed is not there, 78 wrong configuration.");
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : kExitUsage;
    }

    const auto config = effective_config(arguments);
    if (!config.ok()) return fail(config.error(), kExitBadConfig);
    if (arguments.print) std::fputs(hearth::daemon::print_config(*config).c_str(), stdout);
    if (arguments.print || arguments.check) return 0;

    auto signals = Signals::open();
    if (!signals.ok()) return fail(signals.error(), kExitUnavailable);
    return run(*config, arguments, *signals);
}
