/* Tests one ability of a guest's kernel with libkrun per call; static, so that it runs in any root. Prints `yes`, or
 * the result instead; after 20 seconds SIGALRM ends it.
 *   limits_tool serve                  the other end: TCP 7000 counts bytes, TCP 7001 is silent, UDP 7002 echoes
 *   limits_tool stream|silence|nonblock|sockname ADDRESS
 *   limits_tool datagram ADDRESS SIZE  connected
 *   limits_tool unconnected|own ADDRESS
 *   limits_tool apart ADDRESS          from a new network namespace, which is empty
 *   limits_tool lock|acl|tmpfile|fifo|writer|socket|connect|size|mapped FILE
 *   limits_tool overlay FOLDER FILE    changes the folder's file through an overlay */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { COUNTING = 7000, SILENT = 7001, ECHOING = 7002, TOTAL = 1 << 20, WRITE = 60000, LARGEST = 60000 };

static char buffer[1 << 16];

static int tell(int failed) {
  puts(failed ? strerror(errno) : "yes");
  return 0;
}

struct any {
  struct sockaddr_storage address;
  socklen_t size;
};

static struct any address_of(const char *text, int port) {
  struct any any = {.size = sizeof(struct sockaddr_in)};
  struct sockaddr_in *four = (void *)&any.address;
  struct sockaddr_in6 *six = (void *)&any.address;
  if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    return any;
  }
  inet_pton(AF_INET6, text, &six->sin6_addr);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons((uint16_t)port);
  any.size = sizeof *six;
  return any;
}

static int open_socket(const struct any *to, int type) { return socket(to->address.ss_family, type, 0); }

static int connected(const char *text, int port, int type) {
  struct any to = address_of(text, port);
  int fd = open_socket(&to, type);
  return fd < 0 || connect(fd, (void *)&to.address, to.size) ? -1 : fd;
}

static int stream(const char *address) {
  int fd = connected(address, COUNTING, SOCK_STREAM);
  if (fd < 0) return tell(1);
  for (size_t left = TOTAL; left > 0;) {
    ssize_t n = send(fd, buffer, left < WRITE ? left : WRITE, MSG_NOSIGNAL);
    if (n <= 0) return tell(1);
    left -= (size_t)n;
    fprintf(stderr, "%d written\n", TOTAL - (int)left);
  }
  shutdown(fd, SHUT_WR);
  ssize_t n = recv(fd, buffer, sizeof buffer - 1, 0);
  printf("%s\n", n > 0 && atoi(buffer) == TOTAL ? "yes" : "lost");
  return 0;
}

static int datagram(const char *address, size_t size) {
  int fd = connected(address, ECHOING, SOCK_DGRAM);
  if (fd < 0 || send(fd, buffer, size, 0) < 0) return tell(1);
  ssize_t n = recv(fd, buffer, sizeof buffer, 0);
  if (n < 0 || n == (ssize_t)size) return tell(n < 0);
  printf("%zd of %zu bytes\n", n, size);
  return 0;
}

static int unconnected(const char *address) {
  struct any to = address_of(address, ECHOING);
  int fd = open_socket(&to, SOCK_DGRAM);
  if (fd < 0 || sendto(fd, buffer, 40, 0, (void *)&to.address, to.size) < 0) return tell(1);
  return tell(recvfrom(fd, buffer, sizeof buffer, 0, NULL, NULL) != 40);
}

static int own(const char *address) {
  struct in_addr wanted;
  struct ifaddrs *all;
  bool found = false;
  inet_pton(AF_INET, address, &wanted);
  if (getifaddrs(&all)) return tell(1);
  for (struct ifaddrs *one = all; one; one = one->ifa_next) {
    struct sockaddr_in *four = (void *)one->ifa_addr;
    found |= four && four->sin_family == AF_INET && four->sin_addr.s_addr == wanted.s_addr;
  }
  puts(found ? "yes" : "no");
  return 0;
}

static int apart(const char *address) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET)) return tell(1);
  return tell(connected(address, COUNTING, SOCK_STREAM) < 0);
}

static int silence(const char *address) {
  struct timeval patience = {.tv_sec = 1};
  int fd = connected(address, SILENT, SOCK_STREAM);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) return tell(1);
  ssize_t n = recv(fd, buffer, 1, 0);
  return tell(!(n < 0 && errno == EAGAIN));
}

/* To an address where nobody answers, for which a blocking connect(2) would wait. */
static int nonblock(const char *address) {
  struct any to = address_of(address, COUNTING);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  time_t begin = time(NULL);
  int result = connect(fd, (void *)&to.address, to.size);
  int error = errno;
  if (time(NULL) - begin > 2) puts("waits");
  else if (result == 0) puts("connected");
  else printf("%s\n", error == EINPROGRESS ? "yes" : strerror(error));
  return 0;
}

static int sockname(const char *address) {
  struct sockaddr_in own = {0};
  socklen_t size = sizeof own;
  char text[INET_ADDRSTRLEN];
  int fd = connected(address, SILENT, SOCK_STREAM);
  if (fd < 0 || getsockname(fd, (void *)&own, &size)) return tell(1);
  printf("%s\n", inet_ntop(AF_INET, &own.sin_addr, text, sizeof text));
  return 0;
}

static int lock_file(const char *path) {
  struct flock whole = {.l_type = F_WRLCK};
  int fd = open(path, O_RDWR | O_CREAT, 0644);
  if (fd < 0) return tell(1);
  return tell(fcntl(fd, F_SETLK, &whole) || flock(fd, LOCK_EX | LOCK_NB));
}

/* user::rw-, user:7:r--, group::r--, mask::r--, other::--- */
static int acl(const char *path) {
  static const unsigned char list[] = {2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 2, 0, 4, 0, 7, 0, 0, 0,
                                       4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
                                       32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  return tell(setxattr(path, "system.posix_acl_access", list, sizeof list, 0));
}

static int unix_socket(const char *path, int (*join)(int, const struct sockaddr *, socklen_t)) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return tell(join(fd, (void *)&name, sizeof name));
}

/* Between two descriptors of one guest. */
static int fifo(const char *path) {
  if (mkfifo(path, 0644)) return tell(1);
  int reader = open(path, O_RDONLY | O_NONBLOCK), writer = open(path, O_WRONLY | O_NONBLOCK);
  return tell(reader < 0 || writer < 0 || write(writer, "x", 1) != 1 || read(reader, buffer, 1) != 1);
}

/* Do the host's writes of the next seconds appear in a mapped page? */
static int mapped(const char *path) {
  int fd = open(path, O_RDWR);
  volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return tell(1);
  char before = page[0];
  sleep(12);
  puts(page[0] != before ? "yes" : "no");
  return 0;
}

/* Needs CAP_SYS_ADMIN to mount, and CAP_DAC_OVERRIDE for overlay's own folders. */
static int overlay(const char *folder, const char *file) {
  char options[256], path[256];
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=/tmp/upper,workdir=/tmp/work", folder);
  snprintf(path, sizeof path, "/tmp/merged/%s", file);
  if (unshare(CLONE_NEWNS) || mount("tmpfs", "/tmp", "tmpfs", 0, NULL)) return tell(1);
  if (mkdir("/tmp/upper", 0755) || mkdir("/tmp/work", 0755) || mkdir("/tmp/merged", 0755)) return tell(1);
  if (mount("overlay", "/tmp/merged", "overlay", 0, options)) return tell(1);
  if (open(path, O_RDONLY) < 0) puts("not even reading it");
  return tell(open(path, O_WRONLY) < 0);
}

static int listener(int type, int port) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  int fd = socket(AF_INET6, type, 0), yes = 1, size = 1 << 20;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(fd, (void *)&any, sizeof any) || (type == SOCK_STREAM && listen(fd, 64))) exit(2);
  return fd;
}

static void count(int fd) {
  int peer = accept(fd, NULL, NULL);
  if (fork() > 0) {
    close(peer);
    return;
  }
  long total = 0;
  for (ssize_t n; (n = recv(peer, buffer, sizeof buffer, 0)) > 0;) total += n;
  dprintf(peer, "%ld", total);
  _exit(0);
}

static void echo(int fd) {
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (void *)&from, &size);
  if (n >= 0) sendto(fd, buffer, (size_t)n, 0, (void *)&from, size);
}

static int serve(void) {
  struct pollfd all[] = {{listener(SOCK_STREAM, COUNTING), POLLIN, 0}, {listener(SOCK_DGRAM, ECHOING), POLLIN, 0}};
  listener(SOCK_STREAM, SILENT);
  puts("serving");
  fflush(stdout);
  while (poll(all, 2, -1) > 0) {
    if (all[0].revents) count(all[0].fd);
    if (all[1].revents) echo(all[1].fd);
  }
  return 1;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "", *with = argc > 2 ? argv[2] : "";
  if (!strcmp(what, "serve")) return serve();
  alarm(20);
  if (!strcmp(what, "stream")) return stream(with);
  if (!strcmp(what, "silence")) return silence(with);
  if (!strcmp(what, "nonblock")) return nonblock(with);
  if (!strcmp(what, "sockname")) return sockname(with);
  if (!strcmp(what, "datagram")) return datagram(with, strtoul(argv[3], NULL, 10));
  if (!strcmp(what, "unconnected")) return unconnected(with);
  if (!strcmp(what, "own")) return own(with);
  if (!strcmp(what, "apart")) return apart(with);
  if (!strcmp(what, "mapped")) return mapped(with);
  if (!strcmp(what, "overlay")) return overlay(with, argv[3]);
  if (!strcmp(what, "lock")) return lock_file(with);
  if (!strcmp(what, "acl")) return acl(with);
  if (!strcmp(what, "tmpfile")) return tell(open(with, O_TMPFILE | O_RDWR, 0600) < 0);
  if (!strcmp(what, "fifo")) return fifo(with);
  if (!strcmp(what, "writer")) return tell(open(with, O_WRONLY | O_NONBLOCK) < 0);
  if (!strcmp(what, "socket")) return unix_socket(with, bind);
  if (!strcmp(what, "connect")) return unix_socket(with, connect);
  struct stat info;
  if (!strcmp(what, "size") && stat(with, &info) == 0) printf("%lld\n", (long long)info.st_size);
  return 0;
}
