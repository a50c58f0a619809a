// The tree of a parsed template. Immutable after parsing; rendering never changes it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llm/jinja_value.h"

namespace hearth::llm::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
    enum class Kind {
        kLiteral,    ///< value
        kName,       ///< name
        kList,       ///< operands (tuples too)
        kDict,       ///< operands: key, value, key, value
        kAttribute,  ///< operands[0] . name
        kIndex,      ///< operands[0] [ operands[1] ]
        kSlice,      ///< operands[0] [ 1 : 2 : 3 ], absent parts null
        kCall,       ///< operands[0] ( operands[1..], named )
        kFilter,     ///< operands[0] | name ( operands[1..], named )
        kTest,       ///< operands[0] is name ( operands[1..], named )
        kUnary,      ///< name: not, -, +
        kChain,      ///< operands joined from the left by `operators`: and, or, + - * / // % ** ~
        kCompare,    ///< operands compared by `operators`: a < b < c is a < b and b < c
        kChoice,     ///< operands[0] if operands[1] else operands[2] (may be null)
    };
    Kind kind = Kind::kLiteral;
    int line = 1;
    std::string name;
    Value value;
    std::vector<ExpressionPtr> operands;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    std::vector<std::string> operators;  ///< one fewer than operands
};

struct Statement;
using Body = std::vector<std::unique_ptr<Statement>>;

/// A macro, or the body of a call block.
struct Macro {
    std::string name;
    std::vector<std::pair<std::string, ExpressionPtr>> parameters;  ///< second: the default, or null
    Body body;
};

struct Statement {
    enum class Kind {
        kData,       ///< text
        kPrint,      ///< expression
        kIf,         ///< branches; a null condition is the else
        kFor,        ///< names in expression if condition: body, else orelse
        kSet,        ///< names = expression, or attribute_of.names[0] = expression
        kSetBlock,   ///< names[0] = the rendered body, through expression (a filter chain) where there is one
        kMacro,      ///< macro
        kCallBlock,  ///< expression called with macro as caller
        kBreak,
        kContinue,
        kBlock,  ///< body alone: {% generation %}
    };
    Kind kind = Kind::kData;
    int line = 1;
    Text text;
    ExpressionPtr expression;
    ExpressionPtr condition;
    std::vector<std::string> names;
    std::string attribute_of;
    std::vector<std::pair<ExpressionPtr, Body>> branches;
    Body body;
    Body orelse;
    Macro macro;
};

}  // namespace hearth::llm::jinja
