// `hearth keys`: who may use the API. Works on the file; a running hearthd sees the change with its next request.
#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

#include "daemon/cli/commands.h"
#include "daemon/cli/print.h"
#include "web/keys.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr std::int64_t kDay = 24 * 3600;

std::string day_of(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 16> text{};
    return std::string(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts));
}

json key_json(const web::ApiKey& key) {
    return {{"id", key.id},
            {"name", key.name},
            {"scope", key.scope},
            {"created", key.created},
            {"expires", key.expires == 0 ? json(nullptr) : json(key.expires)},
            {"requests_per_minute", key.limits.requests_per_minute},
            {"generations", key.limits.generations}};
}

}  // namespace

int run_keys_add(const KeyArguments& arguments, const std::string& home, const Output& output) {
    const std::int64_t expires = arguments.days == 0 ? 0 : std::time(nullptr) + arguments.days * kDay;
    const auto made = web::add_key(web::keys_path(home), arguments.name, arguments.scope, expires,
                                   {arguments.requests_per_minute, arguments.generations});
    if (!made.ok()) return report(made.error(), output);
    if (output.json) {
        json out = key_json(made->key);
        out["key"] = made->secret;
        print_json(out);
        return 0;
    }
    print_line(made->secret);
    print_error_line("this is shown once; from now on every request needs a key. Revoke it with: hearth keys revoke " +
                     made->key.id);
    return 0;
}

int run_keys_list(const std::string& home, const Output& output) {
    const auto keys = web::load_keys(web::keys_path(home));
    if (!keys.ok()) return report(keys.error(), output);
    json list = json::array();
    const auto used = web::load_key_use(web::key_use_path(home));
    for (const web::ApiKey& key : *keys) {
        const auto last = used.find(key.id);
        list.push_back(key_json(key));
        list.back()["last_used"] = last == used.end() ? json(nullptr) : json(last->second);
        if (output.json) continue;
        const std::string until = key.expires == 0 ? "never expires" : "until " + day_of(key.expires);
        const std::string seen = last == used.end() ? "never used" : "used " + day_of(last->second);
        print_line(key.id + "  " + key.scope + "  " + day_of(key.created) + "  " + until + "  " + seen + "  " +
                   one_line(key.name, 100));
    }
    if (output.json) print_json({{"keys", std::move(list)}});
    if (!output.json && keys->empty()) print_line("no keys: on this machine the API needs none");
    return 0;
}

int run_keys_revoke(const std::string& id, const std::string& home, const Output& output) {
    const Status revoked = web::revoke_key(web::keys_path(home), id);
    if (!revoked.ok()) return report(revoked.error(), output);
    if (output.json) {
        print_json({{"id", id}, {"revoked", true}});
    } else {
        print_line("revoked " + id);
    }
    return 0;
}

}  // namespace hearth::cli
