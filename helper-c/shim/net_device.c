#include "net_device.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "netlink.h"

enum { MAX_ADDRESSES = 256, MAX_NUMBER = 32768 };

/* Flags that are what somebody set, and not what became of the address. */
enum { KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN };

struct link {
  int index;
  unsigned flags;
};

/* One address with what the kernel needs to make it again. */
struct address {
  uint8_t family, prefix;
  uint32_t flags, metric;
  uint8_t local_size, peer_size, broadcast_size;
  uint8_t local[16], peer[16], broadcast[16];
};

struct addresses {
  int index, count;
  struct address list[MAX_ADDRESSES];
};

/* A socket that stays in the namespace `ns`; this thread comes back from there. */
static int socket_in(int ns) {
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

static void read_link(const struct nlmsghdr *message, void *argument) {
  struct link *link = argument;
  const struct ifinfomsg *info = NLMSG_DATA(message);
  *link = (struct link){info->ifi_index, info->ifi_flags};
}

static int find_link(int socket, const char *name, struct link *link) {
  struct netlink_request request;
  netlink_begin(&request, RTM_GETLINK, 0, &(struct ifinfomsg){.ifi_family = AF_UNSPEC}, sizeof(struct ifinfomsg));
  netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
  return netlink_ask(socket, &request, read_link, link);
}

static int set_up(int socket, int index, bool up) {
  struct netlink_request request;
  struct ifinfomsg info = {.ifi_index = index, .ifi_change = IFF_UP, .ifi_flags = up ? IFF_UP : 0};
  netlink_begin(&request, RTM_NEWLINK, 0, &info, sizeof info);
  return netlink_ask(socket, &request, NULL, NULL);
}

static void take(uint8_t *bytes, uint8_t *size, const struct rtattr *attribute) {
  *size = RTA_PAYLOAD(attribute) <= 16 ? (uint8_t)RTA_PAYLOAD(attribute) : 0;
  memcpy(bytes, RTA_DATA(attribute), *size);
}

static void read_address(const struct nlmsghdr *message, void *argument) {
  struct addresses *all = argument;
  const struct ifaddrmsg *info = NLMSG_DATA(message);
  if ((int)info->ifa_index != all->index || info->ifa_scope != RT_SCOPE_UNIVERSE || all->count == MAX_ADDRESSES) return;
  struct address *a = &all->list[all->count];
  *a = (struct address){.family = info->ifa_family, .prefix = info->ifa_prefixlen, .flags = info->ifa_flags};
  int size = (int)IFA_PAYLOAD(message);
  for (const struct rtattr *at = IFA_RTA(info); RTA_OK(at, size); at = RTA_NEXT(at, size)) {
    if (at->rta_type == IFA_LOCAL) take(a->local, &a->local_size, at);
    if (at->rta_type == IFA_ADDRESS) take(a->peer, &a->peer_size, at);
    if (at->rta_type == IFA_BROADCAST) take(a->broadcast, &a->broadcast_size, at);
    if (at->rta_type == IFA_FLAGS) a->flags = *(const uint32_t *)RTA_DATA(at);
    if (at->rta_type == IFA_RT_PRIORITY) a->metric = *(const uint32_t *)RTA_DATA(at);
  }
  if (a->flags & IFA_F_PERMANENT) all->count++;
}

static int list_addresses(int socket, int index, struct addresses *all) {
  struct netlink_request request;
  all->index = index;
  all->count = 0;
  netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &(struct ifaddrmsg){.ifa_family = AF_UNSPEC}, sizeof(struct ifaddrmsg));
  int result = netlink_ask(socket, &request, read_address, all);
  return result == 0 && all->count == MAX_ADDRESSES ? -E2BIG : result;
}

static int add_address(int socket, int index, const struct address *a) {
  struct netlink_request request;
  struct ifaddrmsg info = {.ifa_family = a->family, .ifa_prefixlen = a->prefix, .ifa_index = (uint32_t)index};
  uint32_t flags = a->flags & KEPT_FLAGS;
  netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  if (a->local_size) netlink_add(&request, IFA_LOCAL, a->local, a->local_size);
  if (a->peer_size) netlink_add(&request, IFA_ADDRESS, a->peer, a->peer_size);
  if (a->broadcast_size) netlink_add(&request, IFA_BROADCAST, a->broadcast, a->broadcast_size);
  if (flags) netlink_add(&request, IFA_FLAGS, &flags, sizeof flags);
  if (a->metric) netlink_add(&request, IFA_RT_PRIORITY, &a->metric, sizeof a->metric);
  return netlink_ask(socket, &request, NULL, NULL);
}

static int add_addresses(int socket, int index, const struct addresses *all, char problem[PROBLEM_SIZE]) {
  for (int i = 0; i < all->count; i++) {
    const struct address *a = &all->list[i];
    int result = add_address(socket, index, a);
    if (result == 0) continue;
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(a->family, a->local_size ? a->local : a->peer, text, sizeof text);
    snprintf(problem, PROBLEM_SIZE, "give it its address %s/%u there", text, a->prefix);
    return result;
  }
  return 0;
}

/* The kernel would move it before it finds the name taken. A template becomes the first name that is free. */
static int choose_name(int socket, char *name) {
  struct link taken;
  char template[IFNAMSIZ], *hole;
  snprintf(template, sizeof template, "%s", name);
  hole = strstr(template, "%d");
  for (int i = 0; i < MAX_NUMBER; i++) {
    if (hole) {
      char number[16], joined[64];
      snprintf(number, sizeof number, "%d", i);
      snprintf(joined, sizeof joined, "%.*s%s%s", (int)(hole - template), template, number, hole + 2);
      if (strlen(joined) >= IFNAMSIZ) return -ENAMETOOLONG;
      strcpy(name, joined);
    }
    int result = find_link(socket, name, &taken);
    if (result < 0) return result == -ENODEV ? 0 : result;
    if (!hole) return -EEXIST;
  }
  return -EEXIST;
}

static int change_namespace(int socket, int index, int ns, const char *name) {
  struct netlink_request request;
  netlink_begin(&request, RTM_NEWLINK, 0, &(struct ifinfomsg){.ifi_index = index}, sizeof(struct ifinfomsg));
  netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
  netlink_add(&request, IFLA_NET_NS_FD, &ns, sizeof ns);
  return netlink_ask(socket, &request, NULL, NULL);
}

struct move {
  int here, there, from, to; /* sockets, and the namespaces */
  const char *name;
  char *new_name, *problem;
  bool up;
};

static int failed(const struct move *m, const char *step, int result) {
  if (result < 0) snprintf(m->problem, PROBLEM_SIZE, "%s", step);
  return result;
}

static int arrive(const struct move *m, const struct addresses *all) {
  struct link link = {0};
  int result = failed(m, "find it again", find_link(m->there, m->new_name, &link));
  if (result == 0) result = add_addresses(m->there, link.index, all, m->problem);
  if (result == 0 && m->up) result = failed(m, "set it up there", set_up(m->there, link.index, true));
  return result;
}

/* Takes back a move whose interface is there, but not as it should be. */
static void go_back(const struct move *m, const struct addresses *all, bool up) {
  char name[IFNAMSIZ], problem[PROBLEM_SIZE];
  struct link link = {0};
  snprintf(name, sizeof name, "%s", m->name);
  const struct move back = {m->there, m->here, m->to, m->from, m->new_name, name, problem, up};
  if (find_link(m->there, m->new_name, &link) < 0 || set_up(m->there, link.index, false) < 0) return;
  if (change_namespace(m->there, link.index, m->from, name) == 0) arrive(&back, all);
}

static int carry(const struct move *m) {
  static struct addresses all;
  struct link link = {0};
  int result = failed(m, "find it", find_link(m->here, m->name, &link));
  if (result == 0) result = failed(m, "take that name there", choose_name(m->there, m->new_name));
  /* Before it is down, which costs it its IPv6 addresses. */
  if (result == 0) result = failed(m, "list its addresses", list_addresses(m->here, link.index, &all));
  if (result == 0) result = failed(m, "set it down", set_up(m->here, link.index, false));
  if (result < 0) return result;
  result = failed(m, "move it", change_namespace(m->here, link.index, m->to, m->new_name));
  if (result < 0) {
    set_up(m->here, link.index, link.flags & IFF_UP);
    return result;
  }
  result = arrive(m, &all);
  if (result < 0) go_back(m, &all, link.flags & IFF_UP);
  return result < 0 ? result : (link.flags & IFF_UP) != 0;
}

int move_net_device(int from, int to, const char *name, char *new_name, bool up, char problem[PROBLEM_SIZE]) {
  struct move m = {socket_in(from), -1, from, to, name, new_name, problem, up};
  if (m.here >= 0) m.there = socket_in(to);
  int result = failed(&m, "enter its namespace", m.here < 0 ? m.here : m.there < 0 ? m.there : 0);
  if (result == 0) result = carry(&m);
  if (m.here >= 0) close(m.here);
  if (m.there >= 0) close(m.there);
  return result;
}
