/* New filesystems as detached mounts. */
#ifndef KAGO_FILESYSTEM_H
#define KAGO_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "../../common/plan.h"

/* A detached mount of a new filesystem by fsopen(2), with these options (`key=value` or flags), and `more`, another
 * option or NULL: descriptor or -errno. */
int filesystem_by_options(const char *fstype, const char *source, const struct field *options, const char *more,
                          uint64_t attrs);

/* Like filesystem_by_options(), but by mount(2). `target` is a directory that may be used as a temporary mount
 * point. */
int filesystem_by_name(const char *fstype, const char *source, unsigned long flags, const char *data, uint64_t attrs,
                       int target);

/* mount_setattr(2) on the mount `fd`: 0 or -errno. */
int set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive);

/* Like set_attributes(), but also clears `unnamed`, unless the mount has some of these locked (mount_namespaces(7)). */
int change_attributes(int fd, uint64_t set, uint64_t clear, uint64_t unnamed);

/* Sets the propagation of the mount `fd` (MS_SHARED and the like), with MS_REC also of all below; 0 leaves it
 * unchanged: 0 or -errno. */
int set_propagation(int fd, uint64_t propagation);

#endif
