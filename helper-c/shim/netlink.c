/* A socket in another network namespace. Main makes the requests (runtime/stages/net_socket.ts). */
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "shim.h"

/* In C, because setns applies to this thread, which must return to its namespace before Deno continues. */
int kago_netlink_in(int ns) {
  int own = as_result(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (own < 0) return own;
  int fd = as_result(setns(ns, CLONE_NEWNET));
  if (fd == 0) {
    fd = as_result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    int back = as_result(setns(own, CLONE_NEWNET));
    if (back < 0 && fd >= 0) close(fd);
    if (back < 0) fd = back;
  }
  close(own);
  return fd;
}
