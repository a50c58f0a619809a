// Ids of files as OpenAI's clients know them: given at upload, or made of the path for files that came otherwise.
#pragma once

#include <string>
#include <vector>

#include "retrieval/types.h"
#include "web/stores/answer_store.h"

namespace hearth::web {

/// A snapshot of the ids that were given; cheap to make.
class FileIds {
  public:
    /// `store` null: nothing was given.
    explicit FileIds(AnswerStore* store);
    /// "file-" and 24 hex digits.
    std::string id_of(const std::string& path) const;
    /// Null when `path` was not uploaded through the API.
    const KnownFile* known(const std::string& path) const;
    const std::vector<KnownFile>& all() const noexcept { return known_; }

  private:
    std::vector<KnownFile> known_;
};

/// "vs_" and 24 hex digits of a collection's name: a collection is a vector store.
std::string store_id_of(const std::string& collection);

}  // namespace hearth::web
