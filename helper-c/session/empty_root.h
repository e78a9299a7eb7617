/* A place without files, for a process that needs none. */
#ifndef KAGO_EMPTY_ROOT_H
#define KAGO_EMPTY_ROOT_H

/* Makes an empty filesystem, which nobody can write to, this process's root and working directory: /proc/PID/root and cwd
 * are ways to the host's files. It goes with the process, which alone has it. 0 or -errno. */
int enter_empty_root(void);

#endif
