/* The operations that a plan for a guest can contain. The agent leaves out the others, to be small. */
#include "../common/context.h"

#define GUEST_OPERATIONS(X) \
  X(write_file) \
  X(setsid) \
  X(open_root) \
  X(mount) \
  X(mount_by_name) \
  X(bind) \
  X(remount) \
  X(symlink) \
  X(mknod) \
  X(sysctl) \
  X(mask_path) \
  X(readonly_path) \
  X(root_attributes) \
  X(pivot_root) \
  X(sethostname) \
  X(setdomainname) \
  X(rlimit) \
  X(umask) \
  X(prepare_cwd) \
  X(chdir) \
  X(cap_bounding) \
  X(keep_caps) \
  X(setgroups) \
  X(setgid) \
  X(setuid) \
  X(capset) \
  X(cap_ambient) \
  X(no_new_privileges) \
  X(close_fds) \
  X(find_program) \
  X(find_home) \
  X(exec) \
  X(open_root_tree) \
  X(open_socket_tree) \
  X(guest_limits) \
  X(guest_console) \
  X(guest_disk) \
  X(guest_terminal)

operation *const OPERATION_TABLE[OP_COUNT] = {
#define X(name) [OP_##name] = op_##name,
    GUEST_OPERATIONS(X)
#undef X
};
