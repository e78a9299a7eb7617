/* Terminals of containers: creates them, hands over the master and takes over the slave. */
#ifndef KAGO_TERMINAL_H
#define KAGO_TERMINAL_H

#include "context.h"

/* The slave of a pseudoterminal by its master (TIOCGPTPEER): descriptor or -errno. */
int open_slave(int master);

/* Creates a pseudoterminal in the root's devpts: its master, and its slave in *slave, or -errno. */
int open_terminal(struct context *c, int *slave);

/* Mounts a terminal on the root's /dev/console, which must not be a link (CVE-2026-88264): 0 or -errno. */
int bind_console(struct context *c, int terminal);

/* Makes `terminal` the standard streams: 0 or -errno. */
int become_streams(int terminal);

/* Completes a terminal's set-up, where `result` is that of the steps so far: sends the master to Main and makes the
 * slave this session's terminal and standard streams. Closes both descriptors: 0 or -errno. */
int take_terminal(struct context *c, int master, int slave, int result);

#endif
