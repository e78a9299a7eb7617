/* What a process may still do that stands for one in a guest. */
#ifndef KAGO_SESSION_FILTER_H
#define KAGO_SESSION_FILTER_H

/* From here on this thread makes no system calls but those that move bytes between descriptors that are open; any other ends
 * the process with SIGSYS. Takes no_new_privs. 0 or -errno. */
int session_filter(void);

#endif
