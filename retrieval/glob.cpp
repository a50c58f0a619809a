#include "retrieval/glob.h"

#include <algorithm>

namespace hearth::retrieval {

Result<Glob> Glob::compile(std::string_view pattern) {
    if (pattern.size() > kMaxPatternBytes) {
        return Error(ErrorCode::kInvalidArgument, "the path pattern has " + std::to_string(pattern.size()) +
                                                      " bytes; at most " + std::to_string(kMaxPatternBytes) +
                                                      " are allowed");
    }
    Glob glob;
    std::size_t at = std::min(pattern.find_first_of("*?"), pattern.size());
    glob.prefix_ = pattern.substr(0, at);
    while (at < pattern.size()) {
        const bool at_folder_start = at == 0 || pattern[at - 1] == '/';
        const std::string_view rest = pattern.substr(at);
        if (rest.starts_with("**/") && at_folder_start) {
            glob.tokens_.push_back({Kind::kFolders});
            at += 3;
        } else if (rest.starts_with("**")) {
            glob.tokens_.push_back({Kind::kDoubleStar});
            at += 2;
        } else if (rest.front() == '*') {
            glob.tokens_.push_back({Kind::kStar});
            at += 1;
        } else if (rest.front() == '?') {
            glob.tokens_.push_back({Kind::kAnyByte});
            at += 1;
        } else {
            glob.tokens_.push_back({Kind::kByte, rest.front()});
            at += 1;
        }
    }
    return glob;
}

/// A state is "this many tokens are done"; tokens that may match nothing also start the state behind them.
void Glob::activate(std::vector<char>& states, std::size_t state) const {
    while (states[state] == 0) {
        states[state] = 1;
        if (state == tokens_.size()) return;
        const Kind kind = tokens_[state].kind;
        if (kind == Kind::kByte || kind == Kind::kAnyByte) return;
        ++state;
    }
}

bool Glob::advance(const std::vector<char>& from, std::vector<char>& to, char byte) const {
    bool alive = false;
    for (std::size_t state = 0; state < tokens_.size(); ++state) {
        if (from[state] == 0) continue;
        const Token& token = tokens_[state];
        const bool is_slash = byte == '/';
        // A continuation byte of UTF-8 belongs to the character that `?` has already taken.
        const bool continues = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
        switch (token.kind) {
            case Kind::kByte:
                if (byte == token.byte) activate(to, state + 1), alive = true;
                break;
            case Kind::kAnyByte:
                if (!is_slash && !continues) activate(to, state + 1), alive = true;
                break;
            case Kind::kStar:
                if (!is_slash) activate(to, state), alive = true;
                break;
            case Kind::kDoubleStar:
                activate(to, state), alive = true;
                break;
            case Kind::kFolders:
                // Between folders the token stays without starting what follows it.
                if (is_slash)
                    activate(to, state);
                else
                    to[state] = 1;
                alive = true;
                break;
        }
    }
    // `?` takes a whole character: after its first byte the state behind it keeps taking continuation bytes.
    if ((static_cast<unsigned char>(byte) & 0xC0) == 0x80) {
        for (std::size_t state = 1; state <= tokens_.size(); ++state) {
            if (from[state] != 0 && tokens_[state - 1].kind == Kind::kAnyByte) activate(to, state), alive = true;
        }
    }
    return alive;
}

bool Glob::matches(std::string_view path) const {
    if (!path.starts_with(prefix_)) return false;
    path.remove_prefix(prefix_.size());
    std::vector<char> current(tokens_.size() + 1, 0);
    std::vector<char> next(tokens_.size() + 1, 0);
    activate(current, 0);
    for (const char byte : path) {
        std::fill(next.begin(), next.end(), 0);
        if (!advance(current, next, byte)) return false;
        current.swap(next);
    }
    return current.back() != 0;
}

}  // namespace hearth::retrieval
