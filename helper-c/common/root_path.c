#include "root_path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "kernel.h"

enum { MAX_LINKS = 40, RETRIES = 32 };

int open_below(int folder, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  int fd = -EAGAIN;
  /* EAGAIN: a concurrent rename raced with a ".." in the path (openat2(2)). */
  for (int i = 0; i < RETRIES && fd == -EAGAIN; i++) fd = sys_openat2(folder, path, flags, mode, resolve);
  return fd;
}

int open_in_root(const char *root, const char *path, int flags) {
  int folder = as_result(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  uint64_t mode = flags & O_CREAT ? 0600 : 0; /* openat2(2) refuses an unused mode */
  int fd = open_below(folder, path, (uint64_t)flags, mode, RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_);
  close(folder);
  return fd;
}

int root_open(const struct context *c, const char *path, int flags, bool no_links) {
  uint64_t resolve = RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_ | (no_links ? RESOLVE_NO_SYMLINKS_ : 0);
  return open_below(c->root_fd, path, (uint64_t)(flags | O_PATH), 0, resolve);
}

/* Creates `name` in `parent`, unless it exists. */
static int make_name(int parent, const char *name, bool folder) {
  if (folder) {
    int made = as_result(mkdirat(parent, name, 0755));
    return made == -EEXIST ? 0 : made;
  }
  int fd = as_result(openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (fd < 0) return fd == -EEXIST ? 0 : fd;
  close(fd);
  return 0;
}

int root_make_entry(int parent, const char *name, bool folder) {
  int result = make_name(parent, name, folder);
  /* What was just made is not a link, so a link here is another process's race. */
  return result < 0 ? result : sys_openat2(parent, name, O_PATH, 0, RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_);
}

/* Replaces the first `length` characters of `path` by the target of the dangling link `name`. */
static int substitute_link(int parent, const char *name, char *path, size_t name_at, size_t length) {
  char target[PATH_MAX], joined[PATH_MAX];
  ssize_t n = readlinkat(parent, name, target, sizeof target - 1);
  if (n < 0) return -errno;
  target[n] = 0;
  int prefix = target[0] == '/' ? 0 : (int)name_at;
  int size = snprintf(joined, sizeof joined, "%.*s%s%s", prefix, path, target, path + length);
  if (size < 0 || size >= (int)sizeof joined) return -ENAMETOOLONG;
  memcpy(path, joined, (size_t)size + 1);
  return 0;
}

/* Opens, or creates and opens, the part of `path` that ends at `end`; its name starts at `name_at`. A dangling link
 * is followed inside the root by rewriting `path`: 1 means that the walk must begin again. */
static int open_part(const struct context *c, char *path, size_t name_at, size_t end, bool folder, int *fd) {
  char saved = path[end], name[NAME_MAX + 1];
  if (end - name_at > NAME_MAX) return -ENAMETOOLONG;
  path[end] = 0;
  int found = root_open(c, path, 0, false);
  memcpy(name, path + name_at, end - name_at + 1);
  path[end] = saved;
  if (found != -ENOENT) {
    *fd = found;
    return found < 0 ? found : 0;
  }
  saved = path[name_at];
  path[name_at] = 0;
  int parent = root_open(c, name_at ? path : ".", O_DIRECTORY, false);
  path[name_at] = saved;
  if (parent < 0) return parent;
  /* Never created: the directory before them was missing for a moment. And ".." of the root is the host's. */
  if (!strcmp(name, ".") || !strcmp(name, "..")) {
    close(parent);
    return 1;
  }
  struct stat info;
  int result;
  if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode)) {
    result = substitute_link(parent, name, path, name_at, end);
    if (result == 0) result = 1;
  } else {
    *fd = root_make_entry(parent, name, folder);
    result = *fd < 0 ? *fd : 0;
  }
  close(parent);
  return result;
}

/* One walk from the root: 0 with *fd, 1 to begin again, or -errno. */
static int walk(const struct context *c, char *path, bool folder, int *fd) {
  size_t at = 0;
  *fd = -1;
  for (;;) {
    while (path[at] == '/') at++;
    if (!path[at]) break;
    size_t end = at + strcspn(path + at, "/");
    bool last = path[end + strspn(path + end, "/")] == 0;
    if (*fd >= 0) close(*fd);
    *fd = -1;
    int result = open_part(c, path, at, end, folder || !last, fd);
    if (result != 0) return result;
    at = end;
  }
  if (*fd < 0) *fd = root_open(c, ".", O_DIRECTORY, false);
  return *fd < 0 ? *fd : 0;
}

int root_open_or_make(const struct context *c, const char *path, bool folder, bool no_links) {
  int fd = root_open(c, path, folder ? O_DIRECTORY : 0, no_links);
  if (fd != -ENOENT) return fd;
  char buffer[PATH_MAX];
  if (strlen(path) >= sizeof buffer) return -ENAMETOOLONG;
  strcpy(buffer, path);
  for (int i = 0; i < MAX_LINKS; i++) {
    int result = walk(c, buffer, folder, &fd);
    if (result < 0) return result;
    if (result == 1) continue;
    if (!no_links) return fd;
    /* The kernel, not this code, checks that no link is on the way. */
    close(fd);
    return root_open(c, path, folder ? O_DIRECTORY : 0, true);
  }
  return -ELOOP;
}

int root_open_parent(const struct context *c, const char *path, const char **name) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (length >= sizeof folder) return -ENAMETOOLONG;
  if (!**name || !strcmp(*name, ".") || !strcmp(*name, "..")) return -EINVAL;
  memcpy(folder, path, length);
  folder[length] = 0;
  return root_open_or_make(c, length ? folder : ".", true, false);
}

/* In a user namespace a new procfs may be refused (mount_too_revealing); then the host's is used, after a check. */
static int host_proc(void) {
  int host = as_result(open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (host < 0) return host;
  struct statfs fs_info;
  if (fstatfs(host, &fs_info) == 0 && fs_info.f_type == PROC_MAGIC) return host;
  close(host);
  return -EXDEV;
}

/* Creates a procfs that is mounted nowhere: descriptor or -errno. `subset` is an option of proc(5), or NULL. */
static int new_proc(const char *subset) {
  int fs = sys_fsopen("proc");
  if (fs < 0) return fs;
  int result = subset ? sys_fsconfig(fs, FSCONFIG_SET_STRING_, "subset", subset) : 0;
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, 0);
  close(fs);
  return result;
}

int whole_proc(void) {
  int mounted = new_proc(NULL);
  return mounted >= 0 ? mounted : host_proc();
}

int trusted_proc(struct context *c) {
  if (c->proc_fd >= 0) return c->proc_fd;
  /* Whoever gains access to this descriptor finds only processes (subset=pid). */
  int mounted = new_proc("pid");
  if (mounted < 0) mounted = host_proc();
  if (mounted >= 0) c->proc_fd = mounted;
  return mounted;
}

void drop_proc(struct context *c) {
  if (c->proc_fd >= 0) close(c->proc_fd);
  c->proc_fd = -1;
}

int write_whole(int fd, const char *data) {
  size_t length = strlen(data);
  ssize_t written = write(fd, data, length);
  if (written < 0) return -errno;
  return (size_t)written == length ? 0 : -EIO;
}

int write_all(int fd, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -errno;
    bytes += n;
    size -= (size_t)n;
  }
  return 0;
}

bool is_made_up(int fd) {
  /* linux/magic.h: proc, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2, bpf, configfs, efivarfs, selinuxfs */
  static const uint32_t KERNELS[] = {PROC_MAGIC, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x0027e0eb,
                                     0x63677270, 0xcafe4a11, 0x62656570, 0xde5e81e4, 0xf97cff8c};
  struct statfs info;
  if (fstatfs(fd, &info) < 0) return true;
  for (size_t i = 0; i < sizeof KERNELS / sizeof *KERNELS; i++) {
    if ((uint32_t)info.f_type == KERNELS[i]) return true;
  }
  return false;
}
