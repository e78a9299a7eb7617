/* sd_notify(3) for a container: what its program tells, on its way to the service manager that started kago. */
#ifndef KAGO_NOTIFY_H
#define KAGO_NOTIFY_H

/* The two ends of the way, or -1 where there is none: our socket, which the program sends to, and one that is connected
 * to the manager's. */
struct notify {
  int inside, manager;
  const char *names; /* of the variables that are passed on, each with its =, with spaces between them: Main's to say */
};

/* How many datagrams are passed on after the program's end: it may have told something last, but others that hold the
 * socket must not keep us. */
enum { NOTIFY_LATE = 16 };

/* Passes one datagram on, if there is any: 1 when it said that the program is ready, 0 otherwise. `main_pid` is then named
 * to the manager as the service's. Lines of other variables are left out, and what has no value. */
int notify_pass(const struct notify *n, int main_pid);

#endif
