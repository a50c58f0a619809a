#include "daemon/config.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "support/temp_dir.h"

namespace hearth::daemon {
namespace {

Result<Config> load(const std::string& text) {
    const test::TempDir directory;
    EXPECT_TRUE(atomic_write_file(directory.path("hearth.toml"), text).ok());
    return load_config(directory.path("hearth.toml"));
}

TEST(Config, ReadsWhatItPrints) {
    Config written;
    written.port = 5000;
    written.exclude = {"**/drafts/**", "a \"quoted\" name"};

    const auto read = load(print_config(written));

    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->port, 5000);
    EXPECT_EQ(read->exclude, written.exclude);
    EXPECT_EQ(print_config(*read), print_config(written));
}

TEST(Config, UnknownKeyNamesPlaceAndNearestKey) {
    const auto config = load("[server]\nprot = 1\n");

    ASSERT_FALSE(config.ok());
    EXPECT_NE(config.error().message.find("hearth.toml:2:1: unknown key 'server.prot'"), std::string::npos)
        << config.error().message;
    EXPECT_NE(config.error().message.find("did you mean 'server.port'"), std::string::npos);
}

TEST(Config, WrongTypeAndRangeNameThePlace) {
    EXPECT_NE(load("[server]\nport = \"x\"\n").error().message.find(":2:8: 'server.port' must be a whole number"),
              std::string::npos);
    EXPECT_NE(load("[server]\nport = 70000\n").error().message.find("between 0 and 65535"), std::string::npos);
    EXPECT_NE(load("[engine]\nkv_bits = 12\n").error().message.find("'engine.kv_bits' must be 8 or 16"),
              std::string::npos);
    EXPECT_NE(load("[ingest]\ninclude = [1]\n").error().message.find("array of strings"), std::string::npos);
    EXPECT_NE(load("[log]\nlevel = \"loud\"\n").error().message.find(":2:9: 'log.level' must be debug, info, warn or"),
              std::string::npos);
}

TEST(Config, SyntaxErrorNamesLineAndColumn) {
    const auto config = load("[server\nport = 1\n");
    ASSERT_FALSE(config.ok());
    EXPECT_NE(config.error().message.find("hearth.toml:1:"), std::string::npos) << config.error().message;
}

TEST(Config, ShippedExampleIsTheDefaults) {
    const auto example = load_config(std::string(HEARTH_SOURCE_DIR) + "/systemd/hearth.toml.example");
    ASSERT_TRUE(example.ok()) << example.error().message;
    Config expected;
    expected.home = "/var/lib/hearth";
    EXPECT_EQ(print_config(*example), print_config(expected));
}

}  // namespace
}  // namespace hearth::daemon
