/* The only symbol that ffi/shim_call.ts loads. Deno prepares every symbol of a library when loading it, which takes
 * a tenth of a millisecond each; every command would pay that for functions it does not call. */
#include "shim.h"

#include <errno.h>

#include "../common/clock.h"
#include "../common/root_path.h"
#include "../common/trusted_path.h"

enum call {
#define X(name) CALL_##name,
  SHIM_CALLS(X)
#undef X
};

int kago_call(struct shim_request request, void *p, void *q, void *r) {
  const int32_t *n = request.numbers;
  switch ((enum call)request.call) {
    case CALL_memory_file: return kago_memory_file(p, q, (uint32_t)n[0]);
    case CALL_stage_program: return kago_stage_program();
    case CALL_vmm_program: return kago_vmm_program();
    case CALL_check_plan: return kago_check_plan(p, (uint32_t)n[0], q, r);
    case CALL_spawn: return kago_spawn(p);
    case CALL_socket_pair: return kago_socket_pair(p);
    case CALL_listen: return kago_listen(p);
    case CALL_connect: return kago_connect(p);
    case CALL_send: return kago_send(n[0], p, (uint32_t)n[1], n[2]);
    case CALL_receive: return kago_receive(n[0], p, (uint32_t)n[1], q);
    case CALL_send_descriptor: return kago_send_descriptor(p, q, n[0]);
    case CALL_open: return kago_open(p, n[0]);
    case CALL_close: return kago_close(n[0]);
    case CALL_wait: return kago_wait(n[0]);
    case CALL_is_child: return kago_is_child(n[0]);
    case CALL_pidfd_open: return kago_pidfd_open(n[0]);
    case CALL_pidfd_send_signal: return kago_pidfd_send_signal(n[0], n[1]);
    case CALL_pidfd_wait: return pidfd_wait(n[0], n[1]);
    case CALL_catch_signals: return kago_catch_signals(n[0]);
    case CALL_foreground: return kago_foreground(n[0], n[1], n[2], n[3], p);
    case CALL_copy_window_size: return kago_copy_window_size(n[0]);
    case CALL_put_root_file: return kago_put_root_file(p, q, r, (uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2]);
    case CALL_read_root_file: return kago_read_root_file(p, q, r, (uint32_t)n[0]);
    case CALL_run_hooks: return kago_run_hooks(p, (uint32_t)n[0], q, r);
    case CALL_probe_kvm: return kago_probe_kvm();
    case CALL_open_in_root: return open_in_root(p, q, n[0]);
    case CALL_open_trusted: return open_trusted(p, q, (uint32_t)n[0]);
    case CALL_netlink_in: return kago_netlink_in(n[0]);
    case CALL_read: return kago_read(n[0], p, (uint32_t)n[1], n[2]);
    case CALL_eventfd: return kago_eventfd((uint32_t)n[0]);
    case CALL_poll: return kago_poll(p, (uint32_t)n[0], n[1]);
    case CALL_ask_agent:
      return kago_ask_agent(p, (const uint32_t[]){(uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3]}, q,
                            r);
    case CALL_mount_id: return kago_mount_id(p);
    case CALL_detach_mount: return kago_detach_mount(p);
    case CALL_notify_connect: return kago_notify_connect(p);
    case CALL_notify_listen: return kago_notify_listen(p);
    case CALL_notify_wait: return kago_notify_wait(n[0], n[1], n[2], p);
    case CALL_remove_tree: return kago_remove_tree(p);
    case CALL_processors: return kago_processors();
    case CALL_limits: return kago_limits(p);
    case CALL_exit: kago_exit(n[0]);
    case CALL_bpf: return kago_bpf(n[0], p, (uint32_t)n[1]);
  }
  return -ENOSYS;
}
