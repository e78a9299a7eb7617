#include "trusted_path.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

enum { MAX_LINKS = 40, OVERFLOW_UID = 65534 };

struct walk {
  int folder;              /* the last directory that was found trustworthy */
  int file;                /* the file to open, -1 until found */
  int links;               /* followed so far */
  char at[PATH_MAX];       /* the walk's position, without links; empty for the root */
  char left[2 * PATH_MAX]; /* the rest of the path */
  char *problem;
  uint32_t size;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct walk *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(w->problem, w->size, format, arguments);
  va_end(arguments);
  return -EPERM;
}

/* Does this user namespace map every id of the host? Otherwise the host's root may be one of the unmapped ids. */
static bool knows_all_ids(void) {
  char text[64] = "", *at = text;
  int fd = as_result(open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC));
  if (fd < 0) return true;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return true;
  unsigned long inside = strtoul(at, &at, 10);
  strtoul(at, &at, 10); /* skips the parent's id */
  return inside == 0 && strtoul(at, &at, 10) == UINT32_MAX;
}

static bool is_trusted(uid_t uid) { return uid == 0 || uid == geteuid() || (uid == OVERFLOW_UID && !knows_all_ids()); }

/* A link's mode means nothing; a POSIX ACL shows in the group bits. */
static int check(struct walk *w, const struct stat *info) {
  const char *path = *w->at ? w->at : "/";
  if (!is_trusted(info->st_uid)) return refuse(w, "%s belongs to user %u, not to root", path, (unsigned)info->st_uid);
  if (S_ISLNK(info->st_mode) || !(info->st_mode & (S_IWGRP | S_IWOTH))) return 0;
  return refuse(w, "%s can be written by others than root", path);
}

static int enter(struct walk *w, int folder) {
  struct stat info;
  int result = as_result(fstat(folder, &info));
  if (result == 0) result = check(w, &info);
  if (result < 0) {
    close(folder);
    return result;
  }
  if (w->folder >= 0) close(w->folder);
  w->folder = folder;
  return 0;
}

static int enter_root(struct walk *w) {
  *w->at = 0;
  int folder = as_result(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return folder < 0 ? folder : enter(w, folder);
}

static void leave_name(struct walk *w) {
  char *slash = strrchr(w->at, '/');
  if (slash) *slash = 0;
}

/* A directory that only root can write has the parent that root gave it. */
static int enter_parent(struct walk *w) {
  leave_name(w);
  int folder = as_result(openat(w->folder, "..", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return folder < 0 ? folder : enter(w, folder);
}

/* In user space, so that each part of a link's target is checked too. */
static int follow(struct walk *w, int link) {
  char target[PATH_MAX], rest[sizeof w->left];
  if (++w->links > MAX_LINKS) return -ELOOP;
  ssize_t length = readlinkat(link, "", target, sizeof target - 1);
  if (length < 0) return -errno;
  target[length] = 0;
  strcpy(rest, w->left);
  int size = snprintf(w->left, sizeof w->left, "%s%s", target, rest);
  if (size < 0 || size >= (int)sizeof w->left) return -ENAMETOOLONG;
  leave_name(w);
  return *target == '/' ? enter_root(w) : 0;
}

/* Checks the opened file, not the one found before. O_NONBLOCK, in case it has become a FIFO. */
static int open_file(struct walk *w, const char *name) {
  struct stat info;
  if (*w->left) return -ENOTDIR;
  int fd = as_result(openat(w->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(fstat(fd, &info));
  if (result == 0 && !S_ISREG(info.st_mode)) result = refuse(w, "%s is not a regular file", w->at);
  if (result == 0) result = check(w, &info);
  if (result < 0) close(fd);
  else w->file = fd;
  return result;
}

static int visit(struct walk *w, const char *name) {
  struct stat info;
  size_t length = strlen(w->at);
  if (length + strlen(name) + 2 > sizeof w->at) return -ENAMETOOLONG;
  snprintf(w->at + length, sizeof w->at - length, "/%s", name);
  int fd = as_result(openat(w->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(fstat(fd, &info));
  if (result == 0) result = check(w, &info);
  if (result == 0 && S_ISDIR(info.st_mode)) return enter(w, fd);
  if (result == 0 && S_ISLNK(info.st_mode)) result = follow(w, fd);
  else if (result == 0 && S_ISREG(info.st_mode)) result = open_file(w, name);
  else if (result == 0) result = refuse(w, "%s is not a regular file", w->at);
  close(fd);
  return result;
}

static int step(struct walk *w) {
  char name[NAME_MAX + 1];
  size_t from = strspn(w->left, "/"), length = strcspn(w->left + from, "/");
  if (length == 0) return refuse(w, "%s is not a regular file", *w->at ? w->at : "/");
  if (length >= sizeof name) return -ENAMETOOLONG;
  memcpy(name, w->left + from, length);
  name[length] = 0;
  memmove(w->left, w->left + from + length, strlen(w->left + from + length) + 1);
  if (!strcmp(name, ".")) return 0;
  return strcmp(name, "..") ? visit(w, name) : enter_parent(w);
}

int open_trusted(const char *path, char *problem, uint32_t size) {
  struct walk w = {.folder = -1, .file = -1, .problem = problem, .size = size};
  if (size > 0) *problem = 0;
  if (*path != '/') return -EINVAL;
  if (strlen(path) >= PATH_MAX) return -ENAMETOOLONG;
  strcpy(w.left, path);
  int result = enter_root(&w);
  while (result == 0 && w.file < 0) result = step(&w);
  if (w.folder >= 0) close(w.folder);
  return result < 0 ? result : w.file;
}
