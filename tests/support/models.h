// Where the real models and shared test data lie, for tests that skip without them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace hearth::test {

/// HEARTH_MODELS, or models/ in the source tree.
inline std::string models_directory() {
    const char* directory = std::getenv("HEARTH_MODELS");
    return directory != nullptr ? directory : std::string(HEARTH_SOURCE_DIR) + "/models";
}

/// The path of a file or folder there; empty when it is absent.
inline std::string model_path(const std::string& name) {
    const std::string path = models_directory() + "/" + name;
    return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace hearth::test
