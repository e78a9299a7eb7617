/* Moving a network interface from one network namespace into another. */
#ifndef KAGO_NET_DEVICE_H
#define KAGO_NET_DEVICE_H

#include <stdbool.h>

enum { PROBLEM_SIZE = 128 };

/* Moves the interface `name` of the namespace `from` into the namespace `to`, as `new_name`, in which a %d stands for the
 * first number that is free there, and which gets the name that came of it (IFNAMSIZ bytes). Its permanent addresses of
 * global scope go along (runtime spec, config-linux.md, "Network Devices"); it is up afterwards when `up` says so.
 * Descriptors of namespaces. 1 when it was up before, 0 when not, or -errno with what could not be done in `problem`. */
int move_net_device(int from, int to, const char *name, char *new_name, bool up, char problem[PROBLEM_SIZE]);

#endif
