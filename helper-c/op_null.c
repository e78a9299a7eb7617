/* The null device among the standard streams. */
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "context.h"
#include "kernel.h"
#include "root_path.h"

static bool is_null(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

/* The root's /dev/null, if it is just that: descriptor, or -1. Looked at first, because opening a device may do something. */
static int open_null(const struct context *c) {
  const uint64_t resolve = RESOLVE_IN_ROOT_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_MAGICLINKS_;
  int node = root_open(c, "dev/null", 0, NO_LINKS);
  bool genuine = node >= 0 && is_null(node);
  if (node >= 0) close(node);
  int fd = genuine ? open_below(c->root_fd, "dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0, resolve) : -1;
  if (fd < 0) return -1;
  /* Not to block is for the opening alone, which would wait for a FIFO put there meanwhile. */
  if (is_null(fd) && fcntl(fd, F_SETFL, O_RDWR) == 0) return fd;
  close(fd);
  return -1;
}

int op_reopen_null(struct context *c, const struct field *f) {
  (void)f;
  int null = -1, result = 0;
  for (int fd = 0; fd <= 2 && result >= 0; fd++) {
    if (!is_null(fd)) continue;
    if (null < 0) null = open_null(c);
    if (null < 0) return 0; /* a root without one keeps the host's */
    result = as_result(dup2(null, fd));
  }
  if (null >= 0) close(null);
  return result < 0 ? result : 0;
}
