/* Watches directories of the host for a microVM. Uses fanotify(7) without any privilege. Its events have the names,
 * and the pid, which shows changes that this VMM made for the guest; the guest knows of these already. */
#ifndef KAGO_WATCH_TREE_H
#define KAGO_WATCH_TREE_H

#include <stdbool.h>
#include <stdint.h>

enum { WATCH_ROOTS_MAX = 16, WATCH_FOLDERS_MAX = 16384 };

/* The file at `path` below that root ("" for the root itself) has changed. `whole`: it was closed after writing,
 * created, moved or removed; otherwise it is only being written to. */
typedef void watch_listener(uint32_t root, const char *path, bool whole);

/* Creates the fanotify group, without CAP_SYS_ADMIN even if this process has it: 0 or -errno. */
int watch_open(void);

/* Watches the directory at `path`, a string that must stay valid, and all readable directories below on its
 * filesystem: 0, -E2BIG if there are more than WATCH_FOLDERS_MAX in total, or -errno. */
int watch_add(const char *path);

/* The paths added so far. */
uint32_t watch_count(void);
const char *watch_path(uint32_t root);

/* What to poll for. */
int watch_descriptor(void);

/* Reads events, and watches new directories. Calls `failed` once for each root in which a directory could not be
 * watched. */
void watch_read(watch_listener *changed, void (*failed)(uint32_t root, int error));

/* For tests: replaces WATCH_FOLDERS_MAX. */
void watch_limit(uint32_t most);

#endif
