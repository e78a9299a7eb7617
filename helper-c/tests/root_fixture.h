/* A root folder with a sentinel folder beside it, in which nothing may ever appear. */
#ifndef KAGO_ROOT_FIXTURE_H
#define KAGO_ROOT_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "../common/root_path.h"

static struct context c = {.root_fd = -1, .proc_fd = -1};

/* The folders `root` and `outside` in the test's folder, and `c` opened on the root. */
static inline void make_root(void) {
  CHECK(mkdir("root", 0755) == 0);
  CHECK(mkdir("outside", 0755) == 0);
  c.root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(c.root_fd >= 0);
}

static inline void make_folder(const char *path) { CHECK(mkdirat(c.root_fd, path, 0755) == 0); }

static inline void make_link(const char *target, const char *path) { CHECK(symlinkat(target, c.root_fd, path) == 0); }

static inline void make_file(const char *path) {
  int fd = openat(c.root_fd, path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0);
  close(fd);
}

/* The path of an open file from the root on ("" for the root itself); NULL when it lies outside. */
static inline const char *path_in_root(int fd) {
  static _Thread_local char path[PATH_MAX];
  char name[64], root[256];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  CHECK(length > 0);
  path[length] = 0;
  int prefix = snprintf(root, sizeof root, "%s/root", check_folder);
  if (strncmp(path, root, (size_t)prefix) || (path[prefix] && path[prefix] != '/')) return NULL;
  return path + prefix;
}

#define EQUAL_PLACE(fd, expected) \
  do { \
    int fd_ = (fd); \
    CHECK(fd_ >= 0); \
    const char *place_ = path_in_root(fd_); \
    EQUAL_TEXT(place_ ? place_ : "outside", expected); \
    close(fd_); \
  } while (0)

static inline bool is_empty_folder(const char *path) {
  DIR *folder = opendir(path);
  CHECK(folder);
  bool empty = true;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) empty = false;
  }
  closedir(folder);
  return empty;
}

/* The test's folder holds the root and the sentinel, and the sentinel holds nothing. */
static inline void check_outside(void) {
  CHECK(is_empty_folder("outside"));
  DIR *folder = opendir(".");
  CHECK(folder);
  int count = 0;
  while (readdir(folder)) count++;
  closedir(folder);
  EQUAL(count, 4); /* with "." and ".." */
}

static inline bool is_folder(const char *path) {
  struct stat info;
  return fstatat(c.root_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

static inline bool is_file(const char *path) {
  struct stat info;
  return fstatat(c.root_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
}

/* Descriptors in use: a call that fails must leave none behind. */
static inline int open_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

#endif
