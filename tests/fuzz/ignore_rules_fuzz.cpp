// The first line is a path, the rest a .hearthignore: any of them ends, and a path beneath a folder that is left out is
// left out too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "ingest/ignore_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hearth::ingest;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto end = text.find('\n');
    const std::string_view path = text.substr(0, end).substr(0, 4096);
    text.remove_prefix(end == std::string_view::npos ? size : end + 1);
    IgnoreRules rules;
    rules.add("", IgnoreFile::parse(text));
    rules.add("sub", IgnoreFile::parse(text.substr(text.size() / 2)));
    const bool folder = rules.ignores_entry(path, true);
    const bool beneath = rules.ignores(std::string(path) + "/a");
    HEARTH_CHECK(!folder || beneath || path.empty());
    return 0;
}
