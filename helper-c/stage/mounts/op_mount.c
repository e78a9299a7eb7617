/* Mount operations. Every target is a descriptor of a path resolved below the root. The new mount is created
 * detached and moved to that descriptor, so no path is looked up twice. */
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

enum { PAGE = 4096 };

/* A file at `fd` in a procfs must not be covered, unless the plan has found that harmless. */
static int check_procfs(int fd, uint64_t wanted) {
  struct statfs info;
  if (wanted == PROCFS_ALLOWED) return 0;
  int result = as_result(fstatfs(fd, &info));
  return result < 0 ? result : (info.f_type == PROC_MAGIC) == (wanted == PROCFS_SOURCE) ? 0 : -EXDEV;
}

static bool exists(const struct context *c, const char *path, bool no_links) {
  int fd = root_open(c, path, 0, no_links);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

/* The parameters of a new filesystem, from `mount` or `mountByName`. */
struct filesystem {
  const char *fstype, *source, *target;
  const struct field *options; /* NULL: by name, with `flags` and `data` */
  const char *data;
  unsigned long flags;
  uint64_t attrs, propagation, takes, procfs;
  bool no_links;
};

static int mode_option(int covered, char option[16]) {
  struct stat info;
  int result = as_result(fstat(covered, &info));
  if (result == 0) snprintf(option, 16, "mode=%o", info.st_mode & 07777);
  return result;
}

/* Makes a detached mount; `more` is another option, or NULL. */
static int make_filesystem(const struct filesystem *new, const char *more, uint64_t attrs, int target) {
  char data[PAGE];
  if (new->options) return filesystem_by_options(new->fstype, new->source, new->options, more, attrs);
  int length = snprintf(data, sizeof data, "%s%s%s", new->data, more && *new->data ? "," : "", more ? more : "");
  if (length < 0 || length >= PAGE) return -E2BIG;
  return filesystem_by_name(new->fstype, new->source, new->flags, data, attrs, target);
}

static int copy_up_into(int fd, int target, const struct filesystem *new) {
  struct kept_attributes kept = {!(new->takes &TAKES_UID), !(new->takes &TAKES_GID), !(new->takes &TAKES_MODE)};
  int result = copy_tree(target, fd, kept);
  return result < 0 ? result : set_attributes(fd, new->attrs, 0, false);
}

static int place_filesystem(struct context *c, const struct filesystem *new) {
  bool copy_up = new->takes & TAKES_CONTENTS;
  /* Not that of a directory created for the mount. */
  bool takes_mode = new->takes == TAKES_MODE &&exists(c, new->target, new->no_links);
  char mode[16];
  int target = root_open_or_make(c, new->target, true, new->no_links);
  if (target < 0) return target;
  int result = check_procfs(target, new->procfs);
  if (result == 0 && takes_mode) result = mode_option(target, mode);
  /* Contents are copied before the attributes are set; otherwise a read-only tmpfs could not be filled. */
  int fd = result < 0 ? result : make_filesystem(new, takes_mode ? mode : NULL, copy_up ? 0 : new->attrs, target);
  result = fd < 0 ? fd : 0;
  if (result == 0 && copy_up) result = copy_up_into(fd, target, new);
  if (result == 0) result = attach(c, fd, target);
  if (result == 0) result = set_propagation(fd, new->propagation);
  if (fd >= 0) close(fd);
  close(target);
  return result;
}

int op_mount(struct context *c, const struct field *f) {
  const struct filesystem new = {
      .fstype = f[F_mount_fstype].text,
      .source = f[F_mount_source].text,
      .target = f[F_mount_target].text,
      .options = &f[F_mount_options],
      .attrs = f[F_mount_attrs].number,
      .propagation = f[F_mount_propagation].number,
      .no_links = f[F_mount_no_follow].number,
      .takes = f[F_mount_takes].number,
      .procfs = f[F_mount_procfs].number,
  };
  return place_filesystem(c, &new);
}

int op_mount_by_name(struct context *c, const struct field *f) {
  const struct filesystem new = {
      .fstype = f[F_mount_by_name_fstype].text,
      .source = f[F_mount_by_name_source].text,
      .target = f[F_mount_by_name_target].text,
      .flags = (unsigned long)f[F_mount_by_name_flags].number,
      .data = f[F_mount_by_name_data].text,
      .attrs = f[F_mount_by_name_attrs].number,
      .propagation = f[F_mount_by_name_propagation].number,
      .no_links = f[F_mount_by_name_no_follow].number,
      .takes = f[F_mount_by_name_takes].number,
      .procfs = f[F_mount_by_name_procfs].number,
  };
  return place_filesystem(c, &new);
}

/* The tree in a slot, or a new clone of `source`. */
static int take_tree(struct context *c, uint32_t slot, const char *source, bool recursive, uint64_t links) {
  if (slot < TREE_SLOTS && c->trees[slot] > 0) {
    int tree = c->trees[slot] - 1;
    c->trees[slot] = 0;
    return tree;
  }
  return open_source(source, recursive, links);
}

/* The length of a link's target, which is not NUL-terminated, or -errno. */
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

/* Creates a copy of the link `link` at `target`, unless the same link already exists. */
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
  if (result == 0)
    result = change_attributes(tree, f[F_bind_attrs_set].number, f[F_bind_attrs_clear].number,
                               f[F_bind_attrs_unnamed].number);
  if (result == 0)
    result = set_attributes(tree, f[F_bind_rec_attrs_set].number, f[F_bind_rec_attrs_clear].number, true);
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
  /* no_links paths are used for labels, masks and devices, so no link may be there. */
  if (links == LINKS_COPY_SOURCE && S_ISLNK(info.st_mode)) return no_links ? -ELOOP : copy_link(c, tree, target);
  bool folder = S_ISDIR(info.st_mode), covers = links & LINKS_COVER_TARGET && !no_links;
  int fd = covers ? open_target_link(c, target, folder) : root_open_or_make(c, target, folder, no_links);
  if (fd < 0) return fd;
  result = bind_tree(c, f, tree, fd);
  close(fd);
  return result;
}

int op_bind(struct context *c, const struct field *f) {
  int tree = take_tree(c, (uint32_t)f[F_bind_slot].number, f[F_bind_source].text, f[F_bind_recursive].number,
                       f[F_bind_links].number);
  if (tree < 0) return tree;
  int result = place_tree(c, f, tree);
  close(tree);
  return result;
}

int op_remount(struct context *c, const struct field *f) {
  int fd = root_open(c, f[F_remount_target].text, 0, false);
  if (fd < 0) return fd;
  int result = change_attributes(fd, f[F_remount_attrs_set].number, f[F_remount_attrs_clear].number,
                                 f[F_remount_attrs_unnamed].number);
  if (result == 0)
    result = set_attributes(fd, f[F_remount_rec_attrs_set].number, f[F_remount_rec_attrs_clear].number, true);
  if (result == 0) result = set_propagation(fd, f[F_remount_propagation].number);
  close(fd);
  return result;
}
