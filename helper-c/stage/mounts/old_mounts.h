/* The host's mounts that remain if the root is changed without pivot_root(2). */
#ifndef KAGO_OLD_MOUNTS_H
#define KAGO_OLD_MOUNTS_H

/* Detaches the mounts below the mount `root`, which is this process's "/", except the one on top of it: 0 or -errno.
 * Covers a procfs or sysfs that cannot be detached. */
int leave_old_mounts(int root);

#endif
