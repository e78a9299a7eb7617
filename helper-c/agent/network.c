/* The guest's network interfaces: always loopback, and the network card that passt serves. The card gets the address
 * and route of the VMM's own network namespace (helper-c/vmm/passt.c), which libkrun's guest init passes as
 * environment variables. IPv6 is configured by router advertisements, which passt sends. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "agent.h"

#define CARD "eth0"
#define DUMMY "dummy0"
#define DUMMY_ADDRESS 0x0a000001

static int set_up(int fd, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int result = as_result(ioctl(fd, SIOCGIFFLAGS, &request));
  request.ifr_flags |= IFF_UP;
  return result < 0 ? result : as_result(ioctl(fd, SIOCSIFFLAGS, &request));
}

static struct sockaddr in_host_order(uint32_t address) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
  struct sockaddr generic;
  memcpy(&generic, &in, sizeof generic);
  return generic;
}

static int set_address(int fd, const char *name, unsigned long what, uint32_t address) {
  struct ifreq request = {.ifr_addr = in_host_order(address)};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return as_result(ioctl(fd, what, &request));
}

static int add_default_route(int fd, uint32_t gateway) {
  struct rtentry route = {.rt_dst = in_host_order(0),
                          .rt_genmask = in_host_order(0),
                          .rt_gateway = in_host_order(gateway),
                          .rt_flags = RTF_UP | RTF_GATEWAY};
  return as_result(ioctl(fd, SIOCADDRT, &route));
}

bool parse_card(const char *text, struct card *card) {
  unsigned a[4], g[4];
  char end;
  int fields = sscanf(text, "%3u.%3u.%3u.%3u/%2u %3u.%3u.%3u.%3u%c", &a[0], &a[1], &a[2], &a[3], &card->prefix, &g[0],
                      &g[1], &g[2], &g[3], &end);
  if (fields != 9 || card->prefix > 32) return false;
  card->address = card->gateway = 0;
  for (int i = 0; i < 4; i++) {
    if (a[i] > 255 || g[i] > 255) return false;
    card->address = card->address << 8 | a[i];
    card->gateway = card->gateway << 8 | g[i];
  }
  return true;
}

static int configure(int fd, const struct card *card) {
  uint32_t mask = card->prefix ? ~0u << (32 - card->prefix) : 0;
  int result = set_address(fd, CARD, SIOCSIFADDR, card->address);
  if (result >= 0) result = set_address(fd, CARD, SIOCSIFNETMASK, mask);
  if (result >= 0) result = set_up(fd, CARD);
  return result < 0 ? result : add_default_route(fd, card->gateway);
}

/* libkrun 1.18's guest init gives the interface `dummy0` the address 10.0.0.1/8 if the VMM impersonates sockets
 * (TSI). The guest's kernel then routes all of 10.0.0.0/8 there, which includes engines' networks and name servers. */
static int drop_dummy(int fd) {
  struct ifreq request = {.ifr_name = DUMMY};
  const struct sockaddr_in *address = (const struct sockaddr_in *)&request.ifr_addr;
  if (ioctl(fd, SIOCGIFADDR, &request) < 0 || ntohl(address->sin_addr.s_addr) != DUMMY_ADDRESS) return 0;
  return set_address(fd, DUMMY, SIOCSIFADDR, 0);
}

int network_up(void) {
  const char *text = getenv("KAGO_CARD");
  struct card card;
  int fd = as_result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  int result = set_up(fd, "lo");
  if (result >= 0) result = drop_dummy(fd);
  if (result >= 0 && text) result = parse_card(text, &card) ? configure(fd, &card) : -EINVAL;
  close(fd);
  unsetenv("KAGO_CARD");
  return result < 0 ? result : 0;
}
