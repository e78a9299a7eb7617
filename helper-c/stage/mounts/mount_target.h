/* Mount targets below the root. */
#ifndef KAGO_MOUNT_TARGET_H
#define KAGO_MOUNT_TARGET_H

#include <stdbool.h>

#include "../../common/context.h"

/* Is this the container's root itself? A path with links may lead to it. */
bool is_root(const struct context *c, int fd);

/* Attaches a detached mount at `target`: 0, -ROOT_COVERED at the root, or -errno. */
int attach(const struct context *c, int mount, int target);

/* Like root_open_or_make(), but if the target is a link, the link itself is opened, to be mounted over. */
int open_target_link(const struct context *c, const char *path, bool folder);

#endif
