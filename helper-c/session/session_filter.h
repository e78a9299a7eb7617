/* The seccomp filter of the session process, which represents on the host a process executed in a guest. */
#ifndef KAGO_SESSION_FILTER_H
#define KAGO_SESSION_FILTER_H

/* From now on this thread may only make system calls that copy bytes between open descriptors; any other ends the process
 * with SIGSYS. Requires no_new_privs. 0 or -errno. */
int session_filter(void);

#endif
