// The chat page's files, read once into memory and served with a strict Content-Security-Policy.
#pragma once

#include <map>
#include <string>

#include "web/http.h"

namespace hearth::web {

/// The headers of everything a browser shows as a page: the Content-Security-Policy and its company.
void add_page_headers(Response& response);

struct StaticFile {
    std::string bytes;
    std::string content_type;
    std::string etag;  ///< quoted; from the content's SHA-256
};

class StaticFiles {
  public:
    /// Reads the regular files with a known extension in `directory` (not deeper). An unreadable or empty directory
    /// gives an empty set and a warning in the log: the API works without the page.
    static StaticFiles load(const std::string& directory);
    /// "/" is index.html. Null when there is no such file.
    const StaticFile* find(const std::string& path) const;

  private:
    std::map<std::string, StaticFile> files_;  ///< by path with leading '/'
};

}  // namespace hearth::web
