/* Executes kago's own programs so that they are not dumpable from their first instruction on. */
#ifndef KAGO_EXEC_HIDDEN_H
#define KAGO_EXEC_HIDDEN_H

/* The mode of a program's file. An exec makes a process dumpable, unless it has no permission to read the file.
 * Without dumpability, ptrace(2) and what follows its rules, such as /proc/PID/root and fd, are restricted to the
 * host's root. */
enum { HIDDEN_PROGRAM_MODE = 0111 };

/* execveat(2) of the program `fd`, whose mode is HIDDEN_PROGRAM_MODE: returns only on failure, -errno. Makes system
 * calls only, so it may be called between clone and exec. */
int exec_hidden(int fd, char *const argv[], char *const envp[]);

/* Keeps the process hidden after a change of credentials, when the kernel sets dumpability to the sysctl
 * fs.suid_dumpable, which may be 1. */
void stay_hidden(void);

#endif
