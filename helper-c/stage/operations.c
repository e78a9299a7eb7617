/* Every operation's function, by opcode. */
#include "../common/context.h"

/* libkrun's operations exist only in the VMM's program, a guest's only in the agent. */
__attribute__((weak)) operation op_open_root_tree, op_open_socket_tree, op_guest_console, op_guest_disk,
    op_guest_limits, op_guest_terminal, op_krun_load, op_krun_passt, op_krun_kvm, op_host_sockets, op_krun_call,
    op_krun_isolate, op_krun_enter, op_vmm_jail, op_vmm_terminal, op_vmm_streams, op_watch_open, op_watch_mounts;

operation *const OPERATION_TABLE[OP_COUNT] = {
#define X(code, name, fields) [code] = op_##name,
    OPERATIONS(X)
#undef X
};
