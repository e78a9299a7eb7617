/* Empties a directory and removes it if possible. Non-empty directories in it are moved up to the top directory, so
 * a deep tree needs no recursion. */
#include "remove_tree.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "shim.h"

#define RENAME_NOREPLACE_ 1u

enum { RETRIES = 64 };

static int sys_renameat2(int from, const char *name, int to, const char *new_name, unsigned flags) {
  return (int)raw_syscall(SYS_renameat2, from, (long)name, to, (long)new_name, flags, 0);
}

static int open_folder(int parent, const char *name) {
  const uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_MAGICLINKS_ | RESOLVE_NO_XDEV_;
  return sys_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, resolve);
}

/* 0 if nothing has the name any more, 1 for a non-empty directory, or -errno. */
static int remove_entry(int parent, const char *name) {
  int result = -EAGAIN;
  /* Another process may replace the file between the two calls, repeatedly. */
  for (int tries = 0; tries < RETRIES && result == -EAGAIN; tries++) {
    result = as_result(unlinkat(parent, name, 0));
    /* For a directory, Linux returns EISDIR; POSIX says EPERM. */
    if (result != -EISDIR && result != -EPERM) continue;
    int folder = as_result(unlinkat(parent, name, AT_REMOVEDIR));
    if (folder == -ENOTDIR) folder = result == -EISDIR ? -EAGAIN : result;
    result = folder == -ENOTEMPTY || folder == -EEXIST ? 1 : folder;
  }
  return result == -ENOENT ? 0 : result;
}

/* Moves a directory up to `top` under an unused name. */
static int move_up(int top, int parent, const char *name, uint64_t *counter) {
  char free_name[40];
  int result = -EEXIST;
  while (result == -EEXIST) {
    snprintf(free_name, sizeof free_name, ".kago-removed-%llu", (unsigned long long)++*counter);
    result = sys_renameat2(parent, name, top, free_name, RENAME_NOREPLACE_);
  }
  return result == -ENOENT ? 0 : result;
}

/* Empties `folder` and closes it. Non-empty directories in it go to `inner`, or without it up to `top`. Returns how
 * many entries there were, or -errno. */
static int empty_once(int top, int folder, uint64_t *counter,
                      int (*inner)(int top, const char *name, uint64_t *counter)) {
  DIR *entries = fdopendir(folder);
  if (!entries) {
    close(folder);
    return -ENOMEM;
  }
  int result = 0, removed = 0;
  for (struct dirent *entry; result >= 0 && (entry = readdir(entries));) {
    const char *name = entry->d_name;
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    removed++;
    result = remove_entry(dirfd(entries), name);
    if (result == 1) result = inner ? inner(top, name, counter) : move_up(top, dirfd(entries), name, counter);
  }
  closedir(entries);
  return result < 0 ? result : removed;
}

/* Removes a directory in `top`, or its contents: non-empty ones are moved up, and removed later. */
static int remove_inner(int top, const char *name, uint64_t *counter) {
  for (;;) {
    int folder = open_folder(top, name);
    if (folder == -ENOENT) return 0;
    /* The name refers to another file by now. */
    if (folder == -ENOTDIR || folder == -ELOOP) return remove_entry(top, name);
    int removed = folder < 0 ? folder : empty_once(top, folder, counter, NULL);
    if (removed < 0) return removed;
    int result = remove_entry(top, name);
    if (result != 1) return result;
    if (removed == 0) return -ENOTEMPTY;
  }
}

int remove_tree(int parent, const char *name) {
  uint64_t counter = 0;
  for (;;) {
    int result = remove_entry(parent, name);
    if (result != 1) return result;
    int top = open_folder(parent, name);
    if (top < 0) return top == -ENOENT ? 0 : top;
    int entries = fcntl(top, F_DUPFD_CLOEXEC, 3);
    int removed = entries < 0 ? -errno : empty_once(top, entries, &counter, remove_inner);
    close(top);
    if (removed < 0) return removed;
    if (removed == 0) return -ENOTEMPTY;
  }
}

int kago_remove_tree(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (!slash || !slash[1] || length >= sizeof folder) return -EINVAL;
  memcpy(folder, path, length);
  folder[length] = 0;
  int parent = as_result(open(length ? folder : "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int result = parent < 0 ? parent : remove_tree(parent, slash + 1);
  if (parent >= 0) close(parent);
  return result == -ENOENT ? 0 : result;
}
