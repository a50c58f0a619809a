// Everything a stranger's bytes meet before a route runs: the request head, the chat request in each dialect, a
// multipart form. The first byte chooses which.
#include <cstdint>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "web/access.h"
#include "web/anthropic/messages_request.h"
#include "web/auth/gate.h"
#include "web/chat_request.h"
#include "web/http_head.h"
#include "web/limits.h"
#include "web/multipart.h"
#include "web/ollama/request.h"

namespace {

void fuzz_head(std::string_view bytes) {
    boost::beast::http::request_parser<boost::beast::http::buffer_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(hearth::web::kMaxHeaderBytes));
    parser.body_limit(boost::none);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!parser.is_header_done()) return;
    hearth::web::Request request;
    if (hearth::web::read_head(parser.get(), request)) return;
    hearth::web::ServerOptions options;
    options.api_key = "key";
    (void)hearth::web::check_host(request, options);
    (void)hearth::web::check_origin(request);
    hearth::web::Gate gate(options);
    std::vector<hearth::web::Header> headers;
    (void)gate.admit(request, {hearth::web::Scope::kRead}, headers);
    (void)hearth::web::multipart_boundary(request.header("content-type"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            fuzz_head(bytes);
            break;
        case 1:
            (void)hearth::web::decode_chat_request(bytes);
            (void)hearth::web::decode_anthropic_request(bytes, true);
            (void)hearth::web::decode_ollama_chat(bytes);
            (void)hearth::web::decode_ollama_generate(bytes);
            break;
        default:
            (void)hearth::web::parse_multipart(bytes, "B");
            break;
    }
    return 0;
}
