/* Mount operations. Every target is a descriptor of a path resolved below the root; the new mount is made detached
 * and moved onto that descriptor, so no path is looked up twice. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/root_path.h"
#include "bind_source.h"
#include "copy_up.h"
#include "filesystem.h"
#include "mount_target.h"

/* What stands at `fd` in a procfs may not be covered, unless the plan has found it harmless. */
static int check_procfs(int fd, uint64_t wanted) {
  struct statfs info;
  if (wanted == PROCFS_ALLOWED) return 0;
  int result = as_result(fstatfs(fd, &info));
  return result < 0 ? result : (info.f_type == PROC_MAGIC) == (wanted == PROCFS_SOURCE) ? 0 : -EXDEV;
}

/* Is there an option that begins with `key`, which ends in "="? */
static bool has_option(const struct field *options, const char *key) {
  const uint8_t *item = options->data;
  bool found = false;
  for (uint32_t i = 0; i < options->count; i++) found = !strncmp(list_next(&item), key, strlen(key)) || found;
  return found;
}

static bool exists(const struct context *c, const char *path, bool no_links) {
  int fd = root_open(c, path, 0, no_links);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/* A tmpfs without a mode of its own takes that of the folder that it covers, as with runc and crun, but not of one that was
 * made for it. */
static int option_of_mode(int covered, char option[16]) {
  struct stat info;
  int result = as_result(fstat(covered, &info));
  if (result == 0) snprintf(option, 16, "mode=%o", info.st_mode & 07777);
  return result;
}

static int copy_up_into(int fd, int target_fd, const struct field *options, uint64_t attrs) {
  struct kept_attributes kept = {has_option(options, "uid="), has_option(options, "gid="), has_option(options, "mode=")};
  int result = copy_tree(target_fd, fd, kept);
  return result < 0 ? result : set_attributes(fd, attrs, 0, false);
}

int op_mount(struct context *c, const struct field *f) {
  const char *fstype = f[F_mount_fstype].text, *source = f[F_mount_source].text, *target = f[F_mount_target].text;
  bool no_links = f[F_mount_no_follow].number, copy_up = f[F_mount_copy_up].number;
  bool takes_mode = !strcmp(fstype, "tmpfs") && !copy_up && !has_option(&f[F_mount_options], "mode=") && exists(c, target, no_links);
  char mode[16];
  int target_fd = root_open_or_make(c, target, true, no_links);
  if (target_fd < 0) return target_fd;
  int result = check_procfs(target_fd, f[F_mount_procfs].number);
  if (result == 0 && takes_mode) result = option_of_mode(target_fd, mode);
  /* Contents are copied before the attributes, or a read-only tmpfs could not be filled. */
  int fd = result < 0 ? result : new_filesystem(fstype, source, &f[F_mount_options], takes_mode ? mode : NULL, copy_up ? 0 : f[F_mount_attrs].number, target_fd);
  result = fd < 0 ? fd : 0;
  if (result == 0 && copy_up) result = copy_up_into(fd, target_fd, &f[F_mount_options], f[F_mount_attrs].number);
  if (result == 0) result = attach(c, fd, target_fd);
  if (result == 0) result = set_propagation(fd, f[F_mount_propagation].number);
  if (fd >= 0) close(fd);
  close(target_fd);
  return result;
}

/* The tree in a slot, or a new one of `source`. */
static int take_tree(struct context *c, uint32_t slot, const char *source, bool recursive, uint64_t links) {
  if (slot < TREE_SLOTS && c->trees[slot] > 0) {
    int tree = c->trees[slot] - 1;
    c->trees[slot] = 0;
    return tree;
  }
  return open_source(source, recursive, links);
}

/* The length of what a link says, without a zero at the end, or -errno. */
static ssize_t read_link(int link, char text[PATH_MAX]) {
  ssize_t size = readlinkat(link, "", text, PATH_MAX - 1);
  return size < 0 ? -errno : size;
}

static bool is_link_like(int parent, const char *name, const char *text, ssize_t size) {
  char found[PATH_MAX];
  int link = as_result(openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (link < 0) return false;
  bool is_like = read_link(link, found) == size && !memcmp(found, text, (size_t)size);
  close(link);
  return is_like;
}

/* Makes a link like `link` at `target`; one like it that is there already is fine. */
static int copy_link(const struct context *c, int link, const char *target) {
  char text[PATH_MAX];
  const char *name;
  ssize_t size = read_link(link, text);
  int parent = size < 0 ? (int)size : root_open_parent(c, target, &name);
  if (parent < 0) return parent;
  text[size] = 0;
  int result = as_result(symlinkat(text, parent, name));
  if (result == -EEXIST && is_link_like(parent, name, text, size)) result = 0;
  close(parent);
  return result;
}

/* Attaches `tree` at `target` with the attributes of a bind's fields. */
static int bind_tree(const struct context *c, const struct field *f, int tree, int target) {
  bool is_proc = f[F_bind_procfs].number == PROCFS_SOURCE;
  int result = check_procfs(is_proc ? tree : target, f[F_bind_procfs].number);
  if (result == 0) result = change_attributes(tree, f[F_bind_attrs_set].number, f[F_bind_attrs_clear].number, f[F_bind_attrs_unnamed].number);
  if (result == 0) result = set_attributes(tree, f[F_bind_rec_attrs_set].number, f[F_bind_rec_attrs_clear].number, true);
  if (result == 0) result = attach(c, tree, target);
  return result == 0 ? set_propagation(tree, f[F_bind_propagation].number) : result;
}

static int place_tree(const struct context *c, const struct field *f, int tree) {
  const char *target = f[F_bind_target].text;
  bool no_links = f[F_bind_no_follow].number;
  uint64_t links = f[F_bind_links].number;
  struct stat info;
  int result = as_result(fstat(tree, &info));
  if (result < 0) return result;
  /* No link may stand where labels, masks and devices are looked for. */
  if (links == LINKS_COPY_SOURCE && S_ISLNK(info.st_mode)) return no_links ? -ELOOP : copy_link(c, tree, target);
  bool folder = S_ISDIR(info.st_mode), covers = links & LINKS_COVER_TARGET && !no_links;
  int fd = covers ? open_target_link(c, target, folder) : root_open_or_make(c, target, folder, no_links);
  if (fd < 0) return fd;
  result = bind_tree(c, f, tree, fd);
  close(fd);
  return result;
}

int op_bind(struct context *c, const struct field *f) {
  int tree = take_tree(c, (uint32_t)f[F_bind_slot].number, f[F_bind_source].text, f[F_bind_recursive].number, f[F_bind_links].number);
  if (tree < 0) return tree;
  int result = place_tree(c, f, tree);
  close(tree);
  return result;
}

int op_remount(struct context *c, const struct field *f) {
  int fd = root_open(c, f[F_remount_target].text, 0, false);
  if (fd < 0) return fd;
  int result = change_attributes(fd, f[F_remount_attrs_set].number, f[F_remount_attrs_clear].number, f[F_remount_attrs_unnamed].number);
  if (result == 0) result = set_attributes(fd, f[F_remount_rec_attrs_set].number, f[F_remount_rec_attrs_clear].number, true);
  if (result == 0) result = set_propagation(fd, f[F_remount_propagation].number);
  close(fd);
  return result;
}
