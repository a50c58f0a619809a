// What a request demands of the answer's form, compiled once before it is queued.
#pragma once

#include <memory>

#include "core/result.h"
#include "llm/grammar.h"
#include "llm/types.h"

namespace hearth::llm {

/// No grammar leaves the model free.
struct Constraint {
    std::shared_ptr<const Grammar> grammar;  ///< of the whole answer, assistant_prefix included
    bool closed = false;  ///< nothing but white space can follow a complete answer: completion ends it
};

/// One tool call when the request requires one, else json_schema when it is set.
/// kInvalidArgument for a schema that is none, a tool that was not given, or a tool call and json_schema both forced;
/// kUnsupported names a schema keyword that cannot be enforced.
Result<Constraint> compile_constraint(const GenerateRequest& request);

}  // namespace hearth::llm
