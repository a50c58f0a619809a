// What a server listens on besides plain TCP: certificates, and a UNIX socket.
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdio>
#include <filesystem>

#include "core/file.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/keys.h"
#include "web/server.h"

namespace hearth::web {
namespace {

/// A self-signed certificate for localhost and its key, as PEM files.
struct Certificate {
    std::string certificate;
    std::string key;
};

Certificate make_certificate(const std::string& stem, long valid_from, long valid_until) {
    Certificate out{stem + ".crt", stem + ".key"};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), valid_from);
    X509_gmtime_adj(X509_getm_notAfter(made), valid_until);
    X509_set_pubkey(made, key);
    X509_NAME* name = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(stem.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(made, name);
    X509_sign(made, key, EVP_sha256());
    FILE* certificate_file = std::fopen(out.certificate.c_str(), "w");
    FILE* key_file = std::fopen(out.key.c_str(), "w");
    PEM_write_X509(certificate_file, made);
    PEM_write_PrivateKey(key_file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(certificate_file);
    std::fclose(key_file);
    X509_free(made);
    EVP_PKEY_free(key);
    return out;
}

/// A blocking TLS client of 127.0.0.1.
class TlsClient {
  public:
    explicit TlsClient(std::uint16_t port, int highest_version = TLS1_3_VERSION) {
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context_, highest_version);
        SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
        SSL_CTX_set_security_level(context_, 0);
        constexpr unsigned char kOffered[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
        SSL_CTX_set_alpn_protos(context_, kOffered, sizeof kOffered);
        bio_ = BIO_new_ssl_connect(context_);
        BIO_set_conn_hostname(bio_, ("127.0.0.1:" + std::to_string(port)).c_str());
        connected_ = BIO_do_connect(bio_) == 1 && BIO_do_handshake(bio_) == 1;
    }
    ~TlsClient() {
        BIO_free_all(bio_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    bool connected() const { return connected_; }
    SSL* ssl() const {
        SSL* out = nullptr;
        BIO_get_ssl(bio_, &out);
        return out;
    }
    std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned bytes = 0;
        SSL_get0_alpn_selected(ssl(), &name, &bytes);
        return {reinterpret_cast<const char*>(name), bytes};
    }
    std::string common_name() const {
        X509* peer = SSL_get1_peer_certificate(ssl());
        char text[256] = {};
        X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, text, sizeof text);
        X509_free(peer);
        return text;
    }
    void send(const std::string& bytes) { BIO_write(bio_, bytes.data(), static_cast<int>(bytes.size())); }
    std::string read_all() {
        std::string out;
        char buffer[4096];
        for (int n; (n = BIO_read(bio_, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
        return out;
    }
    /// The other side said goodbye: the end is no cut.
    bool ended_well() const { return (SSL_get_shutdown(ssl()) & SSL_RECEIVED_SHUTDOWN) != 0; }

  private:
    SSL_CTX* context_ = nullptr;
    BIO* bio_ = nullptr;
    bool connected_ = false;
};

constexpr long kDay = 24 * 3600;

class Listening : public testing::Test {
  protected:
    Listening() {
        options_.port = 0;
        options_.state_directory = home_.path();
    }
    void start() {
        auto started = Server::start(options_);
        ASSERT_TRUE(started.ok()) << started.error().message;
        server_ = std::move(*started);
        server_->set_services(house_.services());
    }
    Certificate certificate(const std::string& name, long from = -kDay, long until = kDay) {
        return make_certificate(home_.path() + "/" + name, from, until);
    }
    void use(const Certificate& files) {
        options_.tls_certificate = files.certificate;
        options_.tls_key = files.key;
    }
    std::string why_not() { return Server::start(options_).error().message; }

    test::TempDir home_;
    test::FakeHouse house_;
    ServerOptions options_;
    std::unique_ptr<Server> server_;
};

TEST_F(Listening, AnswersAndStreamsOverTls) {
    use(certificate("one"));
    start();
    TlsClient client(server_->port());
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.protocol(), "http/1.1");
    const std::string body = R"({"model":"hearth","stream":true,"messages":[{"role":"user","content":"How fast?"}]})";
    client.send(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: close\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string replies = client.read_all();
    EXPECT_NE(replies.find("{\"status\":\"ok\"}"), std::string::npos);
    EXPECT_NE(replies.find("data: [DONE]"), std::string::npos);
    EXPECT_TRUE(client.ended_well());
}

TEST_F(Listening, TellsARefusalOverTlsBeforeTheBodyIsRead) {
    use(certificate("one"));
    start();
    TlsClient client(server_->port());
    client.send("POST /v1/search HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(100'000, ' '));
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 421 "));
}

TEST_F(Listening, WantsTls12AndNoPlainHttpOnThePort) {
    use(certificate("one"));
    start();
    EXPECT_TRUE(TlsClient(server_->port(), TLS1_2_VERSION).connected());
    EXPECT_FALSE(TlsClient(server_->port(), TLS1_1_VERSION).connected());
    test::RawClient plain(server_->port());
    plain.get("/healthz");
    EXPECT_EQ(plain.read_all().find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(Listening, ReloadsItsCertificateOrKeepsTheOldOne) {
    const Certificate old = certificate("old");
    use(old);
    start();
    EXPECT_NE(TlsClient(server_->port()).common_name().find("/old"), std::string::npos);
    const Certificate next = certificate("next");
    std::filesystem::rename(next.certificate, old.certificate);
    EXPECT_EQ(server_->reload().error().code, ErrorCode::kInvalidArgument) << "the key is another's";
    EXPECT_NE(TlsClient(server_->port()).common_name().find("/old"), std::string::npos);
    std::filesystem::rename(next.key, old.key);
    ASSERT_TRUE(server_->reload().ok());
    EXPECT_NE(TlsClient(server_->port()).common_name().find("/next"), std::string::npos);
}

TEST_F(Listening, SaysWhichFileIsWrong) {
    const Certificate good = certificate("good");
    const Certificate other = certificate("other");
    use({good.certificate, ""});
    EXPECT_NE(why_not().find("server.tls_key is missing"), std::string::npos);
    use({good.certificate + "x", good.key});
    EXPECT_NE(why_not().find("good.crtx cannot be read: No such file"), std::string::npos);
    use({good.key, good.key});
    EXPECT_NE(why_not().find("server.tls_certificate: " + good.key + " holds no PEM certificate"), std::string::npos);
    use({good.certificate, good.certificate});
    EXPECT_NE(why_not().find("holds no PEM key"), std::string::npos);
    use({good.certificate, other.key});
    EXPECT_NE(why_not().find(other.key + " does not belong to " + good.certificate), std::string::npos);
    use(certificate("expired", -2 * kDay, -kDay));
    EXPECT_NE(why_not().find("has expired: renew it"), std::string::npos);
    use(certificate("early", kDay, 2 * kDay));
    EXPECT_NE(why_not().find("is not valid yet"), std::string::npos);
}

/// Asks over a UNIX socket, and returns the answer; empty when nobody answers.
std::string ask_socket(const std::string& path, const std::string& request) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return {};
    std::string out;
    char buffer[4096];
    for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
        out.append(buffer, static_cast<std::size_t>(n));
    return out;
}

const std::string kStatus = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

TEST_F(Listening, AUnixSocketIsAsTrustedAsTheLoopback) {
    options_.socket_path = home_.path() + "/hearth.sock";
    const NewKey made = add_key(keys_path(home_.path()), "x", "admin", 0).value();
    options_.address = "0.0.0.0";
    start();
    struct stat status {};
    ASSERT_EQ(::stat(options_.socket_path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0660u);
    EXPECT_TRUE(ask_socket(options_.socket_path, kStatus).starts_with("HTTP/1.1 401 ")) << "there is a key";
    ASSERT_TRUE(revoke_key(keys_path(home_.path()), made.key.id).ok());
    EXPECT_TRUE(ask_socket(options_.socket_path, kStatus).starts_with("HTTP/1.1 200 "));
    server_.reset();
    EXPECT_NE(::stat(options_.socket_path.c_str(), &status), 0) << "removed at the end";
}

TEST_F(Listening, ReplacesAStaleSocketAndNothingElse) {
    options_.socket_path = home_.path() + "/hearth.sock";
    {
        const UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        options_.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(stale.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    start();
    EXPECT_TRUE(ask_socket(options_.socket_path, kStatus).starts_with("HTTP/1.1 200 "));
    EXPECT_NE(why_not().find("another program listens there"), std::string::npos);
    EXPECT_TRUE(ask_socket(options_.socket_path, kStatus).starts_with("HTTP/1.1 200 ")) << "it was left alone";
    options_.socket_path = home_.path() + "/file";
    ASSERT_TRUE(atomic_write_file(options_.socket_path, "precious").ok());
    EXPECT_NE(why_not().find("a file of another kind"), std::string::npos);
    options_.socket_path = home_.path() + "/" + std::string(120, 'x');
    EXPECT_NE(why_not().find("longer than 107 bytes"), std::string::npos);
}

}  // namespace
}  // namespace hearth::web
