/* Which directories of the host's a microVM watches, and what changes in them: fanotify(7) without any privilege, which tells
 * names, and by the process's number which changes are this VMM's own, hence the guest's, who knows of them. */
#ifndef KAGO_WATCH_TREE_H
#define KAGO_WATCH_TREE_H

#include <stdbool.h>
#include <stdint.h>

enum { WATCH_ROOTS_MAX = 16, WATCH_FOLDERS_MAX = 16384 };

/* A change of the file at `path` below that root, "" for the root itself. `whole`: it is written, made, moved or gone, else it
 * is only being written to. */
typedef void watch_listener(uint32_t root, const char *path, bool whole);

/* Makes the group of marks, as whom has no CAP_SYS_ADMIN even if this process has it: 0 or -errno. */
int watch_open(void);

/* Watches the directory at `path`, which has to last, and all below that are on its filesystem and can be read: 0, -E2BIG where
 * there are more than WATCH_FOLDERS_MAX in all, or -errno. */
int watch_add(const char *path);

/* The paths that were added. */
uint32_t watch_count(void);
const char *watch_path(uint32_t root);

/* What to poll for. */
int watch_descriptor(void);

/* Reads what has happened, and watches new directories. `failed` is told once of each root in which one could not be. */
void watch_read(watch_listener *changed, void (*failed)(uint32_t root, int error));

/* For tests: how many directories may be watched, in place of WATCH_FOLDERS_MAX. */
void watch_limit(uint32_t most);

#endif
