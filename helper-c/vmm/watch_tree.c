#include "watch_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"

/* Directories deeper than DEPTH_MAX are not watched: each level needs an open descriptor while it is read. */
enum { DEPTH_MAX = 64, BUCKETS = 4096 };

/* linux/fcntl.h since 6.5: a handle that only identifies a file, for filesystems that cannot open one by handle
 * (overlayfs). */
#define AT_HANDLE_FID_ 0x200

/* linux/capability.h */
enum { SYS_ADMIN = 21 };

#define WHOLE (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO | FAN_CLOSE_WRITE)
#define MASK (WHOLE | FAN_MODIFY | FAN_ONDIR | FAN_EVENT_ON_CHILD)

/* Identifies a directory in events: its filesystem, and its handle. */
struct key {
  __kernel_fsid_t filesystem;
  int type;
  unsigned size;
  unsigned char bytes[MAX_HANDLE_SZ];
};

struct folder {
  struct folder *next; /* in its bucket */
  struct folder *parent; /* NULL for a root */
  uint32_t root;
  bool gone;
  char *name;
  struct key key;
};

static struct {
  int group;
  uint32_t count, roots, most;
  const char *paths[WATCH_ROOTS_MAX];
  int folders[WATCH_ROOTS_MAX]; /* the roots themselves */
  bool failed[WATCH_ROOTS_MAX];
  struct folder *buckets[BUCKETS];
} tree = {.group = -1, .most = WATCH_FOLDERS_MAX};

void watch_limit(uint32_t most) { tree.most = most; }
uint32_t watch_count(void) { return tree.roots; }
const char *watch_path(uint32_t root) { return tree.paths[root]; }
int watch_descriptor(void) { return tree.group; }

static int set_effective(struct cap_header *header, const struct cap_data data[2]) {
  return (int)raw_syscall(SYS_capset, (long)header, (long)data, 0, 0, 0, 0);
}

/* A group created with CAP_SYS_ADMIN could mark whole filesystems of the host, whoever holds its descriptor later. */
int watch_open(void) {
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data before[2] = {{0}}, without[2];
  int result = (int)raw_syscall(SYS_capget, (long)&header, (long)before, 0, 0, 0, 0);
  if (result < 0) return result;
  memcpy(without, before, sizeof without);
  without[0].effective &= ~(1u << SYS_ADMIN);
  result = set_effective(&header, without);
  if (result < 0) return result;
  unsigned flags = FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC | FAN_NONBLOCK;
  tree.group = as_result(fanotify_init(flags, O_RDONLY | O_CLOEXEC));
  result = set_effective(&header, before);
  if (tree.group < 0) return tree.group;
  return result;
}

static struct folder **bucket_of(const struct key *key) {
  uint32_t hash = (uint32_t)key->filesystem.val[0] ^ (uint32_t)key->filesystem.val[1];
  for (unsigned i = 0; i < key->size; i++) hash = (hash ^ key->bytes[i]) * 16777619u;
  return &tree.buckets[hash % BUCKETS];
}

static bool is_same(const struct key *a, const struct key *b) {
  return !memcmp(&a->filesystem, &b->filesystem, sizeof a->filesystem) && a->type == b->type && a->size == b->size &&
         !memcmp(a->bytes, b->bytes, a->size);
}

/* Two roots may have directories in common. */
static struct folder *find(uint32_t root, const struct key *key) {
  struct folder *folder = *bucket_of(key);
  while (folder && (folder->root != root || !is_same(&folder->key, key))) folder = folder->next;
  return folder;
}

static struct folder *find_child(const struct folder *parent, const char *name) {
  for (int i = 0; i < BUCKETS; i++) {
    for (struct folder *f = tree.buckets[i]; f; f = f->next) {
      if (f->parent == parent && !strcmp(f->name, name)) return f;
    }
  }
  return NULL;
}

static bool is_below_gone(const struct folder *folder) {
  while (folder && !folder->gone) folder = folder->parent;
  return folder != NULL;
}

/* The mark of a removed directory is removed with it. A directory that was moved away keeps its mark; its events
 * match no folder here. */
static void forget(struct folder *folder) {
  folder->gone = true;
  for (int i = 0; i < BUCKETS; i++) {
    for (struct folder *f = tree.buckets[i]; f; f = f->next) f->gone |= is_below_gone(f);
  }
  for (int i = 0; i < BUCKETS; i++) {
    for (struct folder **at = &tree.buckets[i]; *at;) {
      struct folder *f = *at;
      if (!f->gone) {
        at = &f->next;
        continue;
      }
      *at = f->next;
      free(f->name);
      free(f);
      tree.count--;
    }
  }
}

static int read_key(int fd, struct key *key) {
  union {
    struct file_handle head;
    unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } handle = {.head.handle_bytes = MAX_HANDLE_SZ};
  struct statfs info;
  int mount;
  int result = as_result(name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH));
  if (result == -EOPNOTSUPP) {
    handle.head.handle_bytes = MAX_HANDLE_SZ;
    result = as_result(name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH | AT_HANDLE_FID_));
  }
  if (result == 0) result = as_result(fstatfs(fd, &info));
  if (result < 0) return result;
  *key = (struct key){.type = handle.head.handle_type, .size = handle.head.handle_bytes};
  memcpy(&key->filesystem, &info.f_fsid, sizeof key->filesystem);
  memcpy(key->bytes, handle.head.f_handle, key->size);
  return 0;
}

static bool is_at_or_above(const struct folder *folder, const struct folder *below) {
  while (below && below != folder) below = below->parent;
  return below != NULL;
}

static struct folder *add(uint32_t root, const struct key *key, int *error) {
  struct folder *folder = tree.count < tree.most ? calloc(1, sizeof *folder) : NULL;
  if (!folder) *error = tree.count < tree.most ? -ENOMEM : -E2BIG;
  if (!folder) return NULL;
  *folder = (struct folder){.next = *bucket_of(key), .root = root, .key = *key};
  *bucket_of(key) = folder;
  tree.count++;
  return folder;
}

/* Adds the folder, or updates the place of a known one. NULL if there is none to enter; *error is set on failure. */
static struct folder *remember(uint32_t root, struct folder *parent, const char *name, const struct key *key,
                               int *error) {
  struct folder *folder = find(root, key);
  /* The event of its own new place is still to come. */
  if (folder && is_at_or_above(folder, parent)) return NULL;
  char *copy = strdup(name);
  *error = copy ? 0 : -ENOMEM;
  if (copy && !folder) folder = add(root, key, error);
  if (!copy || !folder) {
    free(copy);
    return NULL;
  }
  free(folder->name);
  folder->name = copy;
  folder->parent = parent;
  return folder;
}

static int enter(uint32_t root, struct folder *parent, const char *name, int fd, int depth);

/* Ignores what is not a directory, is on another filesystem, is not readable by this user, or is gone again. */
static int enter_child(uint32_t root, struct folder *parent, int fd, const char *name, int depth) {
  uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_XDEV_;
  int child = open_below(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0, resolve);
  if (child == -EMFILE || child == -ENFILE || child == -ENOMEM) return child;
  return child < 0 ? 0 : enter(root, parent, name, child, depth);
}

static bool may_be_folder(const struct dirent *entry) {
  if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) return false;
  return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
}

/* Sets the mark first, so that what is created after the directory was read causes events. Takes ownership of `fd`. */
static int enter(uint32_t root, struct folder *parent, const char *name, int fd, int depth) {
  struct key key;
  int result = read_key(fd, &key);
  struct folder *folder = result == 0 ? remember(root, parent, name, &key, &result) : NULL;
  if (folder) result = as_result(fanotify_mark(tree.group, FAN_MARK_ADD, MASK, fd, NULL));
  DIR *list = folder && result == 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
  if (!list) {
    close(fd);
    return result;
  }
  for (struct dirent *entry; result == 0 && (entry = readdir(list));) {
    if (may_be_folder(entry)) result = enter_child(root, folder, fd, entry->d_name, depth + 1);
  }
  closedir(list);
  return result;
}

int watch_add(const char *path) {
  if (tree.roots == WATCH_ROOTS_MAX) return -E2BIG;
  int fd = open_in_root("/", path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fd;
  int again = as_result(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (again < 0) {
    close(fd);
    return again;
  }
  tree.folders[tree.roots] = fd;
  tree.paths[tree.roots] = path;
  return enter(tree.roots++, NULL, "", again, 0);
}

/* The path below the root; NULL if it is too long. */
static const char *path_of(const struct folder *folder, const char *name, char room[PATH_MAX]) {
  char *at = room + PATH_MAX;
  *--at = 0;
  for (;;) {
    size_t size = strlen(name);
    if (size + 1 > (size_t)(at - room)) return NULL;
    at -= size;
    memcpy(at, name, size);
    if (!folder->parent) return at;
    *--at = '/';
    name = folder->name;
    folder = folder->parent;
  }
}

static void tell_failed(uint32_t root, int error, void (*failed)(uint32_t root, int error)) {
  if (error >= 0 || tree.failed[root]) return;
  tree.failed[root] = true;
  failed(root, error);
}

/* Opens the directory: -ESTALE if its path is another's by now. */
static int open_folder(const struct folder *folder) {
  char room[PATH_MAX];
  struct key key;
  const char *path = folder->parent ? path_of(folder->parent, folder->name, room) : ".";
  if (!path) return -ENAMETOOLONG;
  uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_XDEV_;
  int fd = open_below(tree.folders[folder->root], path, O_PATH | O_DIRECTORY, 0, resolve);
  int result = fd < 0 ? fd : read_key(fd, &key);
  if (result == 0 && is_same(&folder->key, &key)) return fd;
  if (fd >= 0) close(fd);
  return result < 0 ? result : -ESTALE;
}

/* The kernel merges events of one directory, in no order, so only the present state counts. */
static int look_again(struct folder *parent, const char *name) {
  struct folder *known = find_child(parent, name);
  int depth = 1;
  if (known) forget(known);
  int fd = open_folder(parent);
  if (fd < 0) return 0; /* moved or removed, which causes an event too */
  for (const struct folder *above = parent; above->parent; above = above->parent) depth++;
  int result = enter_child(parent->root, parent, fd, name, depth);
  close(fd);
  return result;
}

static void take(const struct fanotify_event_metadata *event, const struct key *key, const char *name,
                 watch_listener *changed, void (*failed)(uint32_t root, int error)) {
  char room[PATH_MAX];
  bool of_folder = event->mask & FAN_ONDIR;
  /* Events for "." and FAN_MODIFY of directories are only changes of times, as agents of other microVMs make them. */
  if (!strcmp(name, ".") || (of_folder && !(event->mask & WHOLE))) return;
  for (uint32_t root = 0; root < tree.roots; root++) {
    struct folder *folder = find(root, key);
    const char *path = folder ? path_of(folder, name, room) : NULL;
    if (!path) continue;
    if (of_folder) tell_failed(root, look_again(folder, name), failed);
    if (event->pid != getpid()) changed(root, path, event->mask & WHOLE);
  }
}

/* The kernel has dropped events: looks for new directories, and reports each root with everything in it. */
static void start_over(watch_listener *changed, void (*failed)(uint32_t root, int error)) {
  for (uint32_t root = 0; root < tree.roots; root++) {
    int fd = open_below(tree.folders[root], ".", O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH_);
    tell_failed(root, fd < 0 ? fd : enter(root, NULL, "", fd, 0), failed);
    changed(root, "", true);
  }
}

static void take_record(const struct fanotify_event_metadata *event, const struct fanotify_event_info_fid *info,
                        watch_listener *changed, void (*failed)(uint32_t root, int error)) {
  const struct file_handle *handle = (const struct file_handle *)info->handle;
  if (info->hdr.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME || handle->handle_bytes > MAX_HANDLE_SZ) return;
  struct key key = {.filesystem = info->fsid, .type = handle->handle_type, .size = handle->handle_bytes};
  memcpy(key.bytes, handle->f_handle, key.size);
  take(event, &key, (const char *)handle->f_handle + handle->handle_bytes, changed, failed);
}

/* The kernel aligns events to four bytes only. */
void watch_read(watch_listener *changed, void (*failed)(uint32_t root, int error)) {
  _Alignas(struct fanotify_event_metadata) static char bytes[16384];
  ssize_t size = read(tree.group, bytes, sizeof bytes);
  struct fanotify_event_metadata event;
  for (const char *at = bytes; size >= (ssize_t)sizeof event; at += event.event_len, size -= event.event_len) {
    memcpy(&event, at, sizeof event);
    if (event.event_len < sizeof event || event.event_len > size) return;
    if (event.mask & FAN_Q_OVERFLOW) start_over(changed, failed);
    else if (event.event_len > event.metadata_len)
      take_record(&event, (const void *)(at + event.metadata_len), changed, failed);
  }
}
