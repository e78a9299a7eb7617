/* Where below the root something is mounted. */
#ifndef KAGO_MOUNT_TARGET_H
#define KAGO_MOUNT_TARGET_H

#include <stdbool.h>

#include "../../common/context.h"

/* Is this the container's root itself, which a path with links may have led to? */
bool is_root(const struct context *c, int fd);

/* Attaches a detached mount at `target`: 0, -ROOT_COVERED at the root, or -errno. */
int attach(const struct context *c, int mount, int target);

/* As root_open_or_make(), of a target of which a link at its end is what is mounted over. */
int open_target_link(const struct context *c, const char *path, bool folder);

#endif
