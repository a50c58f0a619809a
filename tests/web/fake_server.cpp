// The real server over the fake house, for driving the page and client libraries by hand or script.
// Usage: fake_server [--port N] [--ui DIR] [--inbox DIR] [--state DIR] [--key KEY] [--pause MS] [--starting]
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "core/file.h"
#include "tests/support/fake_house.h"

namespace {

using hearth::test::FakeHouse;

/// Uploads show up as indexed documents, removed files vanish: enough life for the page.
void mirror_inbox(FakeHouse& house, const std::string& inbox) {
    for (const auto& entry : std::filesystem::directory_iterator(inbox)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(".") || !entry.is_regular_file()) continue;
        hearth::test::MemoryCorpus::Entry document;
        document.status.document = {"up-" + name, name, "text", "default"};
        document.status.state = hearth::retrieval::DocumentState::kIndexed;
        document.status.file.size_bytes = static_cast<std::int64_t>(entry.file_size());
        document.status.title = name;
        document.text = hearth::read_file(entry.path().string(), 1u << 20).value();
        house.corpus.add(std::move(document));
    }
    const auto documents = house.corpus.documents({}).value();
    for (const auto& document : documents) {
        const bool uploaded = document.document.id.starts_with("up-");
        if (uploaded && !std::filesystem::exists(inbox + "/" + document.document.path)) {
            house.corpus.erase(document.document.id);
        }
    }
}

int serve(hearth::web::ServerOptions options, int pause_ms, bool starting) {
    FakeHouse house;
    house.pause = std::chrono::milliseconds(pause_ms);
    house.model.pause = house.pause;
    const std::string inbox = options.inbox_directory;
    house.pipeline.on_rescan = [&] { mirror_inbox(house, inbox); };
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    auto server = hearth::web::Server::start(options);
    if (!server.ok()) {
        std::fprintf(stderr, "%s\n", server.error().message.c_str());
        return 1;
    }
    if (starting) {
        (*server)->set_starting("loading model 41 %");
    } else {
        (*server)->set_services(house.services());
    }
    std::printf("http://127.0.0.1:%d\n", static_cast<int>((*server)->port()));
    std::fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    (*server)->stop(std::chrono::seconds(2));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    hearth::web::ServerOptions options;
    options.port = 0;
    options.version = HEARTH_VERSION;
    options.ui_directory = std::string(HEARTH_SOURCE_DIR) + "/web/ui";
    options.inbox_directory = (std::filesystem::temp_directory_path() / "hearth-fake-inbox").string();
    int pause_ms = 0;
    bool starting = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag = argv[i];
        const std::string value = i + 1 < argc ? argv[i + 1] : "";
        if (flag == "--starting") {
            starting = true;
            continue;
        }
        if (flag == "--port") options.port = static_cast<std::uint16_t>(std::strtoul(value.c_str(), nullptr, 10));
        if (flag == "--ui") options.ui_directory = value;
        if (flag == "--inbox") options.inbox_directory = value;
        if (flag == "--state") options.state_directory = value;
        if (flag == "--key") options.api_key = value;
        if (flag == "--pause") pause_ms = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
        ++i;
    }
    std::filesystem::create_directories(options.inbox_directory);
    return serve(options, pause_ms, starting);
}
