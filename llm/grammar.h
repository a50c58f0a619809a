// JSON Schema to a token mask: which tokens may come next so that the text stays a prefix of a valid document.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/tokenizer.h"

namespace hearth::llm {

/// A compiled schema. Immutable; thread-safe. Limits: 64 KiB of schema, depth 32, 500 sub-schemas, $ref inside the
/// document only. Keywords it does not enforce are refused (kUnsupported names the keyword), annotations are ignored.
///
/// What the grammar narrows, always inside what the schema allows:
/// - declared properties come in their order, each once; no others unless additionalProperties says so;
/// - white space is at most one space after ':' and ',';
/// - numbers have at most 18 digits before and after the point and 2 in the exponent; integers have no exponent;
/// - a value without a schema nests at most 16 levels, everything at most 48;
/// - a string or array that may be longer than 20 000 stops there when the schema bounds its length.
/// What it widens: oneOf is generated as anyOf, so that overlapping branches can yield what validate_json() refuses.
class Grammar {
  public:
    virtual ~Grammar() = default;
};

/// kUnsupported names a keyword, kInvalidArgument a broken schema or one that no finite value can satisfy,
/// kResourceExhausted a limit.
Result<std::shared_ptr<const Grammar>> compile_json_schema(std::string_view schema);

/// Any JSON object (response_format "json_object").
Result<std::shared_ptr<const Grammar>> compile_json_object();

/// A tool a model can be made to call: its name and the JSON Schema of its arguments (empty: any object).
struct ToolSchema {
    std::string name;
    std::string parameters;
};

/// The literal text around a call's JSON object; the defaults are what Qwen and Hermes models are trained on.
struct ToolCallFrame {
    std::string prefix = "<tool_call>\n";
    std::string suffix = "\n</tool_call>";
};

/// Exactly one call of one of `tools`: prefix, {"name": "X", "arguments": ARGS}, suffix, with ARGS by X's schema.
/// Errors as in compile_json_schema(), led by the tool's name.
Result<std::shared_ptr<const Grammar>> compile_tool_call(const std::vector<ToolSchema>& tools,
                                                         const ToolCallFrame& frame = {});

/// The bytes of a vocabulary, sorted into a tree. Immutable; thread-safe; independent of the tokenizer once built.
/// Build one per tokenizer and share it: about 8 MB for 151 k tokens.
class TokenTrie;
std::shared_ptr<const TokenTrie> make_token_trie(const Tokenizer& tokenizer);

/// Walks one generation. Not thread-safe.
class GrammarMatcher {
  public:
    virtual ~GrammarMatcher() = default;
    /// One byte per token id: 1 = allowed. End-of-generation tokens are allowed exactly when the text is complete.
    /// Tokens without bytes (control tokens) never are.
    virtual void fill_mask(std::vector<std::uint8_t>& mask) = 0;
    /// Appends a token's bytes. False when they are not allowed (nothing changes then).
    virtual bool accept(int token) = 0;
    virtual bool accept_text(std::string_view text) = 0;
    virtual bool complete() const = 0;
};

std::unique_ptr<GrammarMatcher> make_matcher(std::shared_ptr<const Grammar> grammar,
                                             std::shared_ptr<const TokenTrie> trie);
/// Builds a trie for this one matcher: for tests and single uses.
std::unique_ptr<GrammarMatcher> make_matcher(std::shared_ptr<const Grammar> grammar, const Tokenizer& tokenizer);

/// True when `json` satisfies `schema`: for checking tool arguments that came from outside. The error says where not,
/// as a JSON pointer. The same keywords as compile_json_schema(), with JSON Schema's own meaning: undeclared
/// properties are welcome unless additionalProperties says otherwise, and number bounds are checked for all numbers.
Status validate_json(std::string_view json, std::string_view schema);

}  // namespace hearth::llm
