#include "web/auth/caller.h"

namespace hearth::web {

const char* scope_name(Scope scope) noexcept {
    switch (scope) {
        case Scope::kPublic:
            return "public";
        case Scope::kRead:
            return "read";
        case Scope::kWrite:
            return "write";
        case Scope::kAdmin:
            break;
    }
    return "admin";
}

}  // namespace hearth::web
