/* The mounts of the host that a root without pivot_root(2) leaves behind. */
#ifndef KAGO_OLD_MOUNTS_H
#define KAGO_OLD_MOUNTS_H

/* Takes away what is mounted below the mount `root`, which is this process's "/", but for what lies on top of it: 0 or
 * -errno. A procfs or sysfs that cannot be taken away is covered. */
int leave_old_mounts(int root);

#endif
