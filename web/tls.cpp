#include "web/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hearth::web {
namespace {

constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Error tls_error(const std::string& setting, const std::string& path, const std::string& what) {
    return Error(ErrorCode::kInvalidArgument, setting + ": " + path + " " + what);
}

/// OpenSSL's own words for what went wrong last; its queue is empty then.
std::string openssl_reason() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    const std::string out = text == nullptr ? "no reason given" : text;
    ERR_clear_error();
    return out;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                    unsigned offered_bytes, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_bytes, kAlpn, sizeof kAlpn, offered, offered_bytes) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

Status readable(const std::string& setting, const std::string& path) {
    if (path.empty()) return Error(ErrorCode::kInvalidArgument, setting + " is missing: TLS needs certificate and key");
    if (::access(path.c_str(), R_OK) == 0) return {};
    return tls_error(setting, path, std::string("cannot be read: ") + std::strerror(errno));
}

Status check_dates(SSL_CTX* context, const std::string& path) {
    const X509* certificate = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        return tls_error("server.tls_certificate", path, "has expired: renew it");
    }
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
        return tls_error("server.tls_certificate", path, "is not valid yet: check the clock of this machine");
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const std::string& certificate, const std::string& key) {
    HEARTH_TRY_STATUS(readable("server.tls_certificate", certificate));
    HEARTH_TRY_STATUS(readable("server.tls_key", key));
    auto out = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
    SSL_CTX* context = out->native_handle();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    // No person is there to type a passphrase.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
        return tls_error("server.tls_certificate", certificate, "holds no PEM certificate: " + openssl_reason());
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        const std::string reason = openssl_reason();
        if (mismatch) return tls_error("server.tls_key", key, "does not belong to " + certificate);
        return tls_error("server.tls_key", key, "holds no PEM key without passphrase: " + reason);
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        ERR_clear_error();
        return tls_error("server.tls_key", key, "does not belong to " + certificate);
    }
    HEARTH_TRY_STATUS(check_dates(context, certificate));
    return out;
}

}  // namespace hearth::web
