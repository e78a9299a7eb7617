/* The program's standard streams: replaces null devices, and sets owners. */
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"

static bool is_null(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

/* Opens the root's /dev/null if it is the null device: descriptor, or -1. Checked before, because opening a device
 * may have effects. */
static int open_null(const struct context *c) {
  const uint64_t resolve = RESOLVE_IN_ROOT_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_MAGICLINKS_;
  int node = root_open(c, "dev/null", 0, NO_LINKS);
  bool genuine = node >= 0 && is_null(node);
  if (node >= 0) close(node);
  int fd = genuine ? open_below(c->root_fd, "dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0, resolve) : -1;
  if (fd < 0) return -1;
  /* O_NONBLOCK is only for the open, which would block on a FIFO placed there meanwhile. */
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
    if (null < 0) return 0; /* without one in the root, the host's stays */
    result = as_result(dup2(null, fd));
  }
  if (null >= 0) close(null);
  return result < 0 ? result : 0;
}

/* The owner of a device or directory is not changed, because it is the host's; nor that of a file opened read-only,
 * because its owner could also open it for writing. */
static bool may_be_given(int fd, const struct stat *info) {
  if (S_ISFIFO(info->st_mode) || S_ISSOCK(info->st_mode)) return true;
  return S_ISREG(info->st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

int op_own_streams(struct context *c, const struct field *f) {
  (void)c;
  uid_t uid = (uid_t)f[F_own_streams_uid].number;
  for (int fd = 0; fd <= 2; fd++) {
    struct stat info;
    if (fstat(fd, &info) < 0 || info.st_uid == uid || !may_be_given(fd, &info)) continue;
    int result = as_result(fchown(fd, uid, (gid_t)-1));
    /* The file's owner may be unmapped in this user namespace, or its filesystem read-only: then the owner stays. */
    if (result < 0 && result != -EPERM && result != -EINVAL && result != -EROFS) return result;
  }
  return 0;
}
