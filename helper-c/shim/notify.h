/* sd_notify(3) for a container: forwards notifications of its program to the service manager that started kago. */
#ifndef KAGO_NOTIFY_H
#define KAGO_NOTIFY_H

/* The two sockets, or -1 for none: ours, to which the program sends, and one connected to the manager's. */
struct notify {
  int inside, manager;
  const char *names; /* prefixes of the variables to forward, each with its =, separated by spaces; from Main */
};

/* How many datagrams are forwarded after the program's end. Its last ones may be waiting, but other processes that
 * hold the socket must not keep kago running. */
enum { NOTIFY_LATE = 16 };

/* Forwards one datagram, if there is one: 1 if it reported readiness, else 0. Readiness is sent with `main_pid` as
 * the service's MAINPID. Drops lines of other variables, and variables without a value. */
int notify_pass(const struct notify *n, int main_pid);

#endif
