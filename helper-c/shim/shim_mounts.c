/* Mounts at paths of the host, for containers without a mount namespace. */
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "shim.h"

int kago_mount_id(const char *path) {
  struct statx info;
  int result = as_result((int)syscall(SYS_statx, AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &info));
  if (result < 0) return result;
  return info.stx_mask & STATX_MNT_ID ? (int)info.stx_mnt_id : -ENOSYS;
}

int kago_detach_mount(const char *path) { return as_result(umount2(path, MNT_DETACH)); }
