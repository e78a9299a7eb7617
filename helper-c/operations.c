/* Every operation's function, by opcode. */
#include "context.h"

operation *const OPERATION_TABLE[OP_COUNT] = {
#define X(code, name, fields) [code] = op_##name,
    OPERATIONS(X)
#undef X
};
