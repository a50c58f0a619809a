// Where the tests of the engine find committed goldens, shared data and models.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hearth::test {

inline std::string golden_path(const std::string& name) {
    return std::string(HEARTH_SOURCE_DIR) + "/tests/golden/" + name;
}

/// HEARTH_SHARED or its default, plus `name`; empty when the file is not there.
inline std::string shared_path(const std::string& name) {
    const char* root = std::getenv("HEARTH_SHARED");
    const std::string path = (root ? std::string(root) : std::string(HEARTH_SOURCE_DIR) + "/../shared") + "/" + name;
    return std::filesystem::exists(path) ? path : std::string();
}

/// HEARTH_MODELS or its default, plus `name`; empty when it is not there.
inline std::string model_path(const std::string& name) {
    const char* root = std::getenv("HEARTH_MODELS");
    const std::string path = (root ? std::string(root) : std::string(HEARTH_SOURCE_DIR) + "/models") + "/" + name;
    return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace hearth::test
