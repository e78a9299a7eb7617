/* An empty root for a process that needs no files. */
#ifndef KAGO_EMPTY_ROOT_H
#define KAGO_EMPTY_ROOT_H

/* Makes an empty, read-only filesystem this process's root and working directory, because /proc/PID/root and cwd
 * would give access to the host's files. It lasts as long as the process. 0 or -errno. */
int enter_empty_root(void);

#endif
