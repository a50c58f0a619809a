// Who asks, once the guards let them in.
#pragma once

#include <memory>
#include <string>

namespace hearth::web {

/// What a key must be good for. Each contains the one before it; with no key configured everyone is kAdmin.
enum class Scope {
    kPublic,  ///< needs no key
    kRead,    ///< asks, searches and reads
    kWrite,   ///< puts files in and takes them out, forgets answers
    kAdmin,   ///< everything, such as letting held deletions through
};
const char* scope_name(Scope scope) noexcept;

struct Caller {
    std::string name;  ///< of the key; empty = nobody in particular
    Scope scope = Scope::kPublic;
    std::shared_ptr<void> generation;  ///< a place among the answers that the key may have in work; given back with it
    std::string key_id = {};           ///< of a key out of the file; two may have one name
};

}  // namespace hearth::web
