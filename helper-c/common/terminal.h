/* Terminals of containers: how they come about, and how a stage hands one over and takes it. */
#ifndef KAGO_TERMINAL_H
#define KAGO_TERMINAL_H

#include "context.h"

/* The slave of a pseudoterminal by its master (TIOCGPTPEER): descriptor or -errno. */
int open_slave(int master);

/* A new pseudoterminal of the root's devpts: its master, and its slave in *slave, or -errno. */
int open_terminal(struct context *c, int *slave);

/* Mounts a terminal on the root's /dev/console, which must not be a link (CVE-2026-88264): 0 or -errno. */
int bind_console(struct context *c, int terminal);

/* Makes `terminal` the standard streams: 0 or -errno. */
int become_streams(int terminal);

/* The end of a terminal's set-up, `result` being what it has come to so far: sends the master to Main and makes the
 * slave this session's terminal and standard streams. Neither descriptor stays open: 0 or -errno. */
int take_terminal(struct context *c, int master, int slave, int result);

#endif
