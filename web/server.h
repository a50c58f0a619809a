// PUBLIC. The HTTP face: OpenAI-shaped API, hearth's own routes, metrics, and the chat page.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/agent.h"
#include "core/result.h"
#include "ingest/pipeline.h"
#include "llm/encoder.h"
#include "llm/engine.h"
#include "llm/model_pool.h"
#include "llm/reranker.h"
#include "retrieval/corpus.h"

namespace hearth::web {

struct ServerOptions {
    std::string address = "127.0.0.1";  ///< anything but loopback needs an api_key
    std::uint16_t port = 4327;          ///< 0 = the kernel picks one; see Server::port
    std::string socket_path;            ///< a UNIX socket to listen on too, as trusted as the loopback; empty = none
    std::string tls_certificate;        ///< PEM files; both empty = plain HTTP. The UNIX socket is always plain
    std::string tls_key;
    std::string api_key;          ///< empty = none required
    std::string ui_directory;     ///< the chat page's files
    std::string inbox_directory;  ///< uploads land here
    std::string state_directory;  ///< answers.db lives here; empty = responses and receipts are not kept
    std::int64_t max_upload_bytes = 200ll << 20;
    std::size_t max_body_bytes = 10u << 20;
    std::size_t max_bodies_bytes = 128u << 20;  ///< in memory over all connections; more is answered 503
    std::string version;
    /// Host names accepted besides localhost and the address itself ("hearth.lan"): the guard against DNS rebinding.
    /// Off loopback IP addresses are accepted too.
    std::vector<std::string> allowed_hosts;
};

/// What /readyz and the page need to know of the parts that load after the server listens. Null until loaded.
struct Services {
    llm::TextModel* model = nullptr;  ///< the one that answers by default
    llm::EmbeddingModel* embedder = nullptr;
    llm::RerankModel* reranker = nullptr;  ///< null = none is configured
    retrieval::Corpus* corpus = nullptr;
    agents::Agent* agent = nullptr;
    ingest::Pipeline* pipeline = nullptr;
    const MemoryLedger* ledger = nullptr;
    llm::ModelPool* models = nullptr;  ///< what else can chat; null = nothing
    std::string model_problem = {};    ///< why another model than the configured one answers; empty when it does
};

/// Listens from start() on: /healthz answers at once, /readyz and the API answer 503 until set_services().
class Server {
  public:
    /// kUnavailable naming the port or socket and the remedy when it is in use; kInvalidArgument for a public address
    /// without key, and for files of TLS that do not fit.
    static Result<std::unique_ptr<Server>> start(const ServerOptions& options);
    virtual ~Server() = default;
    virtual std::uint16_t port() const = 0;
    /// `why_not_ready` is shown by /readyz and the page while services are missing ("loading model 41 %").
    virtual void set_starting(const std::string& why_not_ready) = 0;
    /// The services must outlive the server or the next stop().
    virtual void set_services(const Services& services) = 0;
    /// Stops accepting, lets running answers finish until the deadline, then cancels them.
    virtual void stop(std::chrono::milliseconds drain) = 0;
    /// Reads the certificate again: connections from now on get it. On an error the old one stays.
    virtual Status reload() = 0;
    /// Now and then: writes down what is kept in memory only, such as when keys were used.
    virtual void maintain() = 0;
    /// How long no answer in work has made progress; 0 while none is in work.
    virtual std::chrono::seconds silent_for() const = 0;
    /// True while a person waits for an answer: the daemon pauses ingest then.
    virtual void on_busy_change(std::function<void(bool busy)> callback) = 0;
};

}  // namespace hearth::web
