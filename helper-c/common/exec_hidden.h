/* How kago's own programs are executed: so that they are never dumpable, from their first instruction on. */
#ifndef KAGO_EXEC_HIDDEN_H
#define KAGO_EXEC_HIDDEN_H

/* The mode of a program's file. An exec makes a process dumpable, whatever it was before, unless the file is one that it
 * may not read: then ptrace(2) and what goes by its rules, as /proc/PID/root and fd, are the host's root's alone. */
enum { HIDDEN_PROGRAM_MODE = 0111 };

/* execveat(2) of the program `fd`, whose mode is HIDDEN_PROGRAM_MODE: -errno, if it returns. Makes system calls only, so it
 * may be called between clone and exec. */
int exec_hidden(int fd, char *const argv[], char *const envp[]);

/* Stays hidden where credentials change: the kernel then takes the value of the sysctl fs.suid_dumpable, which may be 1. */
void stay_hidden(void);

#endif
