/* A network card that passt(1) serves. passt is started in the container's namespaces while the host's files are
 * still visible, and exits when the VMM closes the socket between them. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "vmm.h"

/* Binding every port takes some hundred milliseconds; on an emulated host, ten times that. */
enum { PATIENCE_MS = 30000, PAUSE_MS = 5 };

static const char *read_log(int fd) {
  static char text[2048];
  ssize_t n = pread(fd, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = 0;
  return text;
}

static bool is_ready(int file) {
  struct stat info;
  return fstat(file, &info) == 0 && info.st_size > 0;
}

/* The container's root has no procfs. */
static int routes_fd = -1;

/* Does the file have a line whose word number `column` names an interface other than lo? */
static bool names_interface(const char *path, int column) {
  FILE *file = fopen(path, "re");
  char line[512];
  bool found = false;
  while (!found && file && fgets(line, sizeof line, file)) {
    char *save, *word = strtok_r(line, " \t\n", &save);
    for (int i = 0; word && i < column; i++) word = strtok_r(NULL, " \t\n", &save);
    found = word && strcmp(word, "lo") && strcmp(word, "Iface");
  }
  if (file) fclose(file);
  return found;
}

/* Without a network, older versions of passt exit, and newer ones serve a guest that nothing can reach. */
static bool has_network(void) {
  enum { IPV6_INTERFACE = 9 };
  return names_interface("/proc/self/net/route", 0) || names_interface("/proc/self/net/ipv6_route", IPV6_INTERFACE);
}

int op_krun_passt(struct context *c, const struct field *f) {
  if (f[F_krun_passt_may_lack].number && !has_network()) {
    vm.isolated = true;
    return 0;
  }
  routes_fd = open("/proc/self/net/route", O_RDONLY | O_CLOEXEC);
  int32_t peer[3];
  char **argv = list_vector(&f[F_krun_passt_args]);
  int fd = argv ? vmm_spawn_peer(f[F_krun_passt_program].text, argv, peer) : -ENOMEM;
  free(argv);
  if (fd < 0) return fd;
  int pidfd = sys_pidfd_open(peer[0]), ended = pidfd < 0 ? pidfd : 0;
  bool ready = false;
  for (int waited = 0; !ready && ended == 0 && waited < PATIENCE_MS; waited += PAUSE_MS) {
    ended = pidfd_wait(pidfd, PAUSE_MS);
    ready = is_ready(peer[2]);
  }
  int problem = ended ? -ESRCH : !ready ? -ETIMEDOUT : !has_network() ? -ENETUNREACH : 0;
  const char *log = read_log(peer[1]);
  const int own[] = {peer[1], peer[2], pidfd};
  for (int i = 0; i < 3; i++) {
    if (own[i] >= 0) close(own[i]);
  }
  if (ended < 0) {
    close(fd);
    return ended;
  }
  vm.passt = fd;
  return problem ? vmm_fail(c, problem, F_krun_passt_program, FOUND_SAID, log) : 0;
}

/* The interface of the default route, as passt chooses it, and its gateway, from /proc/net/route (proc_pid_net(5)).
 * The file is read anew each time. */
static bool default_route(char name[IFNAMSIZ], struct in_addr *gateway) {
  FILE *routes = fdopen(routes_fd, "r");
  char line[256];
  bool found = false;
  while (routes && !found && fgets(line, sizeof line, routes)) {
    unsigned destination, via, mask;
    found =
        sscanf(line, "%15s %x %x %*s %*s %*s %*s %x", name, &destination, &via, &mask) == 4 && !destination && !mask;
    if (found) gateway->s_addr = via;
  }
  if (routes) fclose(routes);
  return found;
}

char *guest_card(void) {
  char name[IFNAMSIZ], address[INET_ADDRSTRLEN], via[INET_ADDRSTRLEN], *card = NULL;
  struct in_addr gateway;
  struct ifaddrs *all;
  if (!default_route(name, &gateway) || getifaddrs(&all) < 0) return NULL;
  for (struct ifaddrs *one = all; one && !card; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || strcmp(one->ifa_name, name)) continue;
    uint32_t mask = ((struct sockaddr_in *)(void *)one->ifa_netmask)->sin_addr.s_addr;
    inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)one->ifa_addr)->sin_addr, address, sizeof address);
    inet_ntop(AF_INET, &gateway, via, sizeof via);
    if (asprintf(&card, "%s/%d %s", address, __builtin_popcount(mask), via) < 0) card = NULL;
  }
  freeifaddrs(all);
  return card;
}
