/* Paths below the container's root, whose contents are hostile: resolved by the kernel (openat2 RESOLVE_IN_ROOT)
 * and used by descriptor, so that nothing can be swapped between check and use (CVE-2021-30465, CVE-2024-45310). */
#ifndef KAGO_ROOT_PATH_H
#define KAGO_ROOT_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "context.h"

enum { FOLLOW_LINKS = 0, NO_LINKS = 1 };

/* openat2(2) of `path` below `folder`, again when a rename somewhere has raced with it: descriptor or -errno. */
int open_below(int folder, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* Opens `path` as if `root` were /, links and all, but no link of a procfs; `flags` as in fcntl.h: descriptor or -errno. */
int open_in_root(const char *root, const char *path, int flags);

/* Opens `path` below the root with O_PATH plus `flags`: descriptor or -errno. */
int root_open(const struct context *c, const char *path, int flags, bool no_links);

/* As root_open, but makes the path first where it is missing: a folder, or an empty file in its folder. */
int root_open_or_make(const struct context *c, const char *path, bool folder, bool no_links);

/* Makes a folder or an empty file unless there is one, and opens it, but never a link: descriptor or -errno. */
int root_make_entry(int parent, const char *name, bool folder);

/* Opens the folder that holds `path`, making it where missing; *name points to the last part inside `path`. */
int root_open_parent(const struct context *c, const char *path, const char **name);

/* A procfs that the container cannot have tampered with (CVE-2019-19921, CVE-2025-52881): descriptor or -errno. */
int trusted_proc(struct context *c);

/* The same with what is not about processes, for the caller to close: descriptor or -errno. */
int whole_proc(void);

/* Gives trusted_proc()'s up before a wait, in which others may look at this process's descriptors. */
void drop_proc(struct context *c);

/* Is what is open a file that the kernel makes up, as in a procfs? It looks like any regular file, but a read of it may take
 * something away from somebody (/proc/kmsg, trace_pipe), or wait for ever. */
bool is_made_up(int fd);

/* Writes all of `data` in one write(2): 0 or -errno. */
int write_whole(int fd, const char *data);

/* Writes all of `bytes` in as many as it takes: 0 or -errno. */
int write_all(int fd, const uint8_t *bytes, size_t size);

#endif
