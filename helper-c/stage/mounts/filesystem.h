/* New filesystems as detached mounts. */
#ifndef KAGO_FILESYSTEM_H
#define KAGO_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "../../common/plan.h"

/* A detached mount of a new filesystem by fsopen(2), with these `key=value` options and flags, and `more`, one or NULL:
 * descriptor or -errno. */
int filesystem_by_options(const char *fstype, const char *source, const struct field *options, const char *more,
                          uint64_t attrs);

/* As filesystem_by_options(), by mount(2). `target` is a folder that something may be mounted on meanwhile. */
int filesystem_by_name(const char *fstype, const char *source, unsigned long flags, const char *data, uint64_t attrs,
                       int target);

/* mount_setattr(2) on the mount `fd`: 0 or -errno. */
int set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive);

/* As set_attributes(), and clears `unnamed` too, unless some of what the mount has of them is locked
 * (mount_namespaces(7)). */
int change_attributes(int fd, uint64_t set, uint64_t clear, uint64_t unnamed);

/* The propagation of the mount `fd`, MS_SHARED and its kin, of all below it with MS_REC; 0 leaves it as it is: 0 or -errno. */
int set_propagation(int fd, uint64_t propagation);

#endif
