/* Without pivot_root(2) the host's mounts stay in the container's mount namespace, hidden. If they include an
 * uncovered procfs or sysfs, the kernel lets a nested user namespace mount a new one, without the container's masks
 * (mount_too_revealing()). runc detaches these two types. Here all are detached, because one that is hidden below
 * another mount also counts, and has no path. */
#include "old_mounts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../../common/kernel.h"

/* A line of proc(5)'s /proc/PID/mountinfo. */
struct mount_line {
  int id, parent;
  bool whole; /* the whole filesystem, not a subtree */
  char *path;
  const char *type;
};

struct mount_list {
  char *text;
  struct mount_line *lines;
  size_t count;
};

/* The needed part of statx(2)'s struct statx, which not every libc has. */
static int mount_id(int fd) {
  enum { STATX_MNT_ID_ = 0x1000 };
  struct {
    uint32_t mask, unused[35];
    uint64_t mount_id, more[13];
  } info;
  int result = (int)raw_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_MNT_ID_, (long)&info, 0);
  if (result < 0) return result;
  return info.mask & STATX_MNT_ID_ ? (int)info.mount_id : -ENOSYS;
}

/* Blanks and backslashes are escaped as three octal digits. */
static void decode(char *path) {
  char *to = path;
  while (*path) {
    bool octal = path[0] == '\\' && path[1] && path[2] && path[3];
    *to++ = octal ? (char)((path[1] & 7) << 6 | (path[2] & 7) << 3 | (path[3] & 7)) : *path;
    path += octal ? 4 : 1;
  }
  *to = 0;
}

static int parse(char *line, struct mount_line *mount) {
  char *fields[5];
  for (int i = 0; i < 5; i++) {
    fields[i] = strsep(&line, " ");
    if (!fields[i]) return -EBADMSG;
  }
  char *type = line ? strstr(line, " - ") : NULL;
  if (!type) return -EBADMSG;
  type += strlen(" - ");
  type[strcspn(type, " ")] = 0;
  decode(fields[4]);
  *mount = (struct mount_line){atoi(fields[0]), atoi(fields[1]), !strcmp(fields[3], "/"), fields[4], type};
  return 0;
}

static int read_text(char **text) {
  size_t size = 0;
  FILE *file = fopen("/proc/self/mountinfo", "re");
  if (!file) return -errno;
  /* Up to a NUL, of which there is none: reads all. */
  ssize_t n = getdelim(text, &size, 0, file);
  int result = n < 0 ? -EIO : 0;
  fclose(file);
  return result;
}

static void free_list(struct mount_list *list) {
  free(list->text);
  free(list->lines);
}

static int read_list(struct mount_list *list) {
  *list = (struct mount_list){0};
  int result = read_text(&list->text);
  size_t most = 1;
  for (const char *at = result < 0 ? "" : list->text; *at; at++) most += *at == '\n';
  list->lines = calloc(most, sizeof *list->lines);
  if (!list->lines) result = -ENOMEM;
  char *rest = list->text;
  for (char *line; result == 0 && (line = strsep(&rest, "\n"));) {
    if (*line) result = parse(line, &list->lines[list->count++]);
  }
  if (result < 0) free_list(list);
  return result;
}

/* Is it the container's root, which is on top of the old one, or a mount below that? */
static bool is_containers(const struct mount_list *list, int old_root, const struct mount_line *mount) {
  for (size_t steps = 0; steps < list->count; steps++) {
    if (mount->parent == old_root) return !strcmp(mount->path, "/");
    size_t i = 0;
    while (i < list->count && list->lines[i].id != mount->parent) i++;
    if (i == list->count) return false;
    mount = &list->lines[i];
  }
  return false;
}

static int detach(const char *path) {
  /* An unmount propagates to the peers of the parent mount; the same applies to mounts below. */
  int result = as_result(mount(NULL, path, NULL, MS_SLAVE | MS_REC, NULL));
  return result < 0 ? result : as_result(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW));
}

/* The kernel regards a procfs or sysfs as covered if its root is a mount point. */
static int cover_all(int old_root) {
  struct mount_list list;
  int result = read_list(&list);
  if (result < 0) return result;
  for (size_t i = 0; result == 0 && i < list.count; i++) {
    const struct mount_line *line = &list.lines[i];
    bool revealing = line->whole && (!strcmp(line->type, "proc") || !strcmp(line->type, "sysfs"));
    if (!revealing || is_containers(&list, old_root, line)) continue;
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    result = as_result(mount("tmpfs", line->path, "tmpfs", flags, "size=4k,mode=0"));
    if (result == -ENOENT) result = 0; /* hidden by another mount, which cannot be detached either */
  }
  free_list(&list);
  return result;
}

int leave_old_mounts(int root) {
  struct mount_list list;
  int id = mount_id(root), result = id < 0 ? id : read_list(&list);
  bool locked = false;
  if (result < 0) return result;
  /* In reverse, because a later mount may cover earlier ones. */
  for (size_t i = list.count; result == 0 && i-- > 0;) {
    const struct mount_line *line = &list.lines[i];
    if (line->parent != id || !strcmp(line->path, "/")) continue;
    result = detach(line->path);
    /* Mounts inherited by a user namespace are locked. */
    if (result == -EINVAL || result == -EPERM || result == -ENOENT) {
      locked = true;
      result = 0;
    }
  }
  free_list(&list);
  return result == 0 && locked ? cover_all(id) : result;
}
