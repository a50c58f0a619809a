#include "web/static_files.h"

#include <array>
#include <filesystem>
#include <system_error>

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "web/app.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

constexpr std::size_t kMaxFileBytes = 4u << 20;

constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'";

std::string content_type_of(const std::string& extension) {
    constexpr std::array<std::pair<const char*, const char*>, 6> kTypes{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".woff2", "font/woff2"},
        {".png", "image/png"},
    }};
    for (const auto& [known, type] : kTypes) {
        if (extension == known) return type;
    }
    return {};
}

void serve_file(App& app, Request& request, ResponseWriter& writer) {
    const StaticFile* file = app.files().find(request.path);
    Response response;
    response.set("Content-Type", file->content_type);
    response.set("ETag", file->etag);
    response.set("Cache-Control", "no-cache");
    add_page_headers(response);
    if (request.header("if-none-match") == file->etag) {
        response.status = 304;
    } else {
        response.body = file->bytes;
    }
    writer.send(std::move(response));
}

}  // namespace

void add_page_headers(Response& response) {
    response.set("Content-Security-Policy", kContentSecurityPolicy);
    response.set("Cross-Origin-Opener-Policy", "same-origin");
    response.set("Cross-Origin-Resource-Policy", "same-origin");
    response.set("Referrer-Policy", "no-referrer");
}

StaticFiles StaticFiles::load(const std::string& directory) {
    StaticFiles out;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string type = content_type_of(entry.path().extension().string());
        std::error_code ignored;
        if (type.empty() || !entry.is_regular_file(ignored)) continue;
        auto bytes = read_file(entry.path().string(), kMaxFileBytes);
        if (!bytes.ok()) {
            HEARTH_LOG(kWarn, "web", "page_file_unreadable", {{"error", bytes.error().message}});
            continue;
        }
        const std::string etag = "\"" + sha256_hex(std::string_view(*bytes)).substr(0, 24) + "\"";
        out.files_["/" + entry.path().filename().string()] = {std::move(*bytes), type, etag};
    }
    if (out.files_.count("/index.html") == 0) {
        HEARTH_LOG(kWarn, "web", "page_missing", {{"directory", directory}});
    }
    return out;
}

const StaticFile* StaticFiles::find(const std::string& path) const {
    const auto found = files_.find(path == "/" ? "/index.html" : path);
    return found == files_.end() ? nullptr : &found->second;
}

const Route& static_file_route() {
    static constexpr Route kRoute{Method::kGet, "/{file}", Lane::kInline, BodyKind::kNone, Scope::kPublic, serve_file};
    return kRoute;
}

}  // namespace hearth::web
