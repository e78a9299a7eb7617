/* A kernel generates inotify events only for what its own processes do. So the agent does something to the file that
 * changes nothing: it sets the modification time to its present value. Setting only that causes IN_MODIFY, for the
 * file and in its directory; setting the access time as well causes IN_ATTRIB (fsnotify_change() in
 * linux/fsnotify.h). The host sees the same events, and a new ctime. kago's watcher on the host ignores those of its
 * own VMM. The watcher of another microVM with the same volume answers IN_MODIFY by IN_ATTRIB, and IN_ATTRIB by
 * nothing, so the exchange ends. */
#include "touch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"

/* linux/stat.h, which musl lacks before 1.2.5. */
struct statx_time {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t reserved;
};
struct statx_info {
  uint8_t before[64];
  struct statx_time accessed, made, changed, modified;
  uint8_t after[128];
};
enum { STATX_BASIC = 0x7ff, SYNCHRONOUSLY = 0x2000 };

/* renameat2(2) */
enum { NO_REPLACE = 1 };

#define BENEATH (RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_MAGICLINKS_)

/* Asks for the host's present values, not the guest kernel's cached ones. */
static int ask_host(int fd, struct statx_info *info) {
  return (int)raw_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | SYNCHRONOUSLY, STATX_BASIC,
                          (long)info, 0);
}

static int touch(int fd, bool whole) {
  struct statx_info info;
  int result = ask_host(fd, &info);
  if (result < 0) return result;
  struct timespec times[2] = {{info.accessed.seconds, whole ? UTIME_OMIT : info.accessed.nanoseconds},
                              {info.modified.seconds, info.modified.nanoseconds}};
  return as_result(utimensat(fd, "", times, AT_EMPTY_PATH));
}

static int touch_at(int folder, const char *name, bool whole) {
  int fd = open_below(folder, name, O_PATH | O_NOFOLLOW, 0, BENEATH);
  if (fd < 0) return fd;
  int result = touch(fd, whole);
  close(fd);
  return result;
}

/* The guest's kernel caches which file a name refers to for five seconds. A rename looks up its target anew, and
 * this rename can do nothing: it fails with EEXIST if the name exists, and with ENOENT if not. Watchers of a removed
 * file receive its last events only when the guest's kernel knows that it has no name left. */
static void look_up_anew(int folder, const char *name) {
  struct statx_info info;
  int fd = open_below(folder, name, O_PATH | O_NOFOLLOW, 0, BENEATH);
  if (fd < 0) return;
  ask_host(fd, &info);
  close(fd);
  raw_syscall(SYS_renameat2, folder, (long)name, folder, (long)name, NO_REPLACE, 0);
}

/* In the directory `folder`. If the name no longer exists, the directory is touched instead. */
static int touch_name(int folder, const char *name, bool whole) {
  if (whole) look_up_anew(folder, name);
  int result = touch_at(folder, name, whole);
  return result == -ENOENT || result == -ESTALE ? touch_at(folder, ".", true) : result;
}

/* Modifies `path`. If its directory is gone too, the next existing one above is touched. */
static int touch_path(int mount, char *path, bool whole) {
  char *slash = strrchr(path, '/');
  if (!*path) return touch_at(mount, ".", whole);
  if (!slash) return touch_name(mount, path, whole);
  *slash = 0;
  int folder = open_below(mount, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, BENEATH);
  if (folder == -ENOENT || folder == -ESTALE) return touch_path(mount, path, true);
  if (folder < 0) return folder;
  int result = touch_name(folder, slash + 1, whole);
  close(folder);
  return result;
}

int touch_changed(const char *root, const uint8_t *payload, uint32_t size) {
  char path[PATH_MAX];
  if (size < 6 || payload[size - 1]) return -EBADMSG;
  bool whole = payload[0] != 0;
  const char *mount = (const char *)payload + 4, *end = (const char *)payload + size;
  const char *below = mount + strlen(mount) + 1;
  if (below >= end || strlen(below) >= sizeof path) return -EBADMSG;
  strcpy(path, below);
  int fd = open_in_root(root, mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fd;
  int result = touch_path(fd, path, whole);
  close(fd);
  return result;
}
