#include "empty_root.h"

#include <sched.h>
#include <unistd.h>

#include "../common/exec_hidden.h"
#include "../common/kernel.h"

/* An empty, read-only filesystem that is mounted nowhere: descriptor of its root, or -errno. */
static int empty_filesystem(void) {
  int fs = sys_fsopen("tmpfs");
  if (fs < 0) return fs;
  int result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "mode", "0555");
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_SET_FLAG_, "ro", NULL);
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0)
    result = sys_fsmount(fs, MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_);
  close(fs);
  return result;
}

int enter_empty_root(void) {
  int root = empty_filesystem();
  /* An ordinary user may mount only in a user namespace of its own. */
  if (root == -EPERM) {
    root = as_result(unshare(CLONE_NEWUSER | CLONE_NEWNS));
    stay_hidden();
    if (root == 0) root = empty_filesystem();
  }
  if (root < 0) return root;
  int result = as_result(fchdir(root));
  if (result == 0) result = as_result(chroot("."));
  close(root);
  return result;
}
