/* Opens the source of a bind mount. */
#ifndef KAGO_BIND_SOURCE_H
#define KAGO_BIND_SOURCE_H

#include <sys/types.h>

#include "../../common/context.h"
#include "../../common/kernel.h"

/* A detached clone of the mounts at the host's path `source`; `links` is one of LINKS_*: descriptor or -errno. */
static inline int open_source(const char *source, bool recursive, uint64_t links) {
  bool is_kept = links & (LINKS_BIND_SOURCE | LINKS_COPY_SOURCE);
  unsigned flags = OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_;
  if (recursive) flags |= AT_RECURSIVE;
  if (is_kept) flags |= AT_SYMLINK_NOFOLLOW;
  return sys_open_tree(AT_FDCWD, source, flags);
}

#endif
