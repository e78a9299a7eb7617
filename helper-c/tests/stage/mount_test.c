/* Mount operations in a hostile root, in a mount namespace of our own. */
#include "../check.h"
#include "../root_fixture.h"

#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "../../common/kernel.h"

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for mounts")

enum { NO_SLOT = 0xffff };

/* The root is a mount of its own, as openRoot makes it. */
static void make_mounted_root(void) {
  char path[300];
  CHECK(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  make_root();
  close(c.root_fd);
  snprintf(path, sizeof path, "%s/root", check_folder);
  EQUAL(op_open_root(&c, (const struct field[]){{.text = path}, {.number = 1}, {.number = 0}}), 0);
  memset(c.trees, 0, sizeof c.trees);
  c.mask = 0;
}

static int mount_by_name(const char *fstype, const char *target, unsigned flags, const char *data, uint64_t takes) {
  const struct field fields[10] = {{.text = fstype},  {.text = fstype},
                                   {.text = target},  {.number = flags},
                                   {.text = data},    {.number = MOUNT_ATTR_NODEV_},
                                   {.number = 0},     {.number = 0},
                                   {.number = takes}, {.number = PROCFS_REFUSED}};
  return op_mount_by_name(&c, fields);
}

static int mount_tmpfs(const char *target, const char *option, uint64_t attrs, bool no_links) {
  const struct field fields[9] = {{.text = "tmpfs"},         {.text = "tmpfs"},
                                  {.text = target},          {.count = option != NULL, .data = (const uint8_t *)option},
                                  {.number = attrs},         {.number = 0},
                                  {.number = no_links},      {.number = 0},
                                  {.number = PROCFS_REFUSED}};
  return op_mount(&c, fields);
}

static int bind_with(const char *source, const char *target, uint64_t set, uint64_t unnamed, uint64_t slot,
                     uint64_t links) {
  const struct field fields[13] = {{.text = source},
                                   {.text = target},
                                   {0},
                                   {.number = set},
                                   {0},
                                   {.number = unnamed},
                                   {0},
                                   {0},
                                   {0},
                                   {.number = slot},
                                   {0},
                                   {.number = PROCFS_REFUSED},
                                   {.number = links}};
  return op_bind(&c, fields);
}

static int bind_of(const char *source, const char *target, uint64_t set, uint64_t slot) {
  return bind_with(source, target, set, 0, slot, 0);
}

static unsigned long flags_of(const char *path) {
  struct statvfs info;
  int fd = root_open(&c, path, 0, true);
  CHECK(fd >= 0 && fstatvfs(fd, &info) == 0);
  close(fd);
  return info.f_flag;
}

static long type_of(const char *path) {
  struct statfs info;
  int fd = root_open(&c, path, 0, true);
  CHECK(fd >= 0 && fstatfs(fd, &info) == 0);
  close(fd);
  return (long)info.f_type;
}

/* Is it of another filesystem than the root? The root's may be a tmpfs too: /tmp is one on many hosts. */
static bool is_mounted(const char *path) {
  struct stat info, root;
  int fd = root_open(&c, path, 0, true);
  CHECK(fd >= 0 && fstat(fd, &info) == 0 && fstat(c.root_fd, &root) == 0);
  close(fd);
  return info.st_dev != root.st_dev;
}

TEST(a_filesystem_is_mounted_where_its_folder_had_to_be_made) {
  NEEDS_ROOT;
  make_mounted_root();
  EQUAL(mount_tmpfs("/a/b", NULL, MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NOEXEC_, false), 0);
  CHECK(is_mounted("a/b"));
  EQUAL(type_of("a/b"), TMPFS_MAGIC);
  EQUAL(flags_of("a/b") & (ST_NOSUID | ST_NODEV | ST_NOEXEC), ST_NOSUID | ST_NOEXEC);
}

TEST(a_filesystem_lands_inside_wherever_links_lead) {
  NEEDS_ROOT;
  make_mounted_root();
  make_link("../../../outside", "a");
  EQUAL(mount_tmpfs("/a", NULL, 0, false), 0);
  CHECK(is_folder("outside"));
  CHECK(is_mounted("outside"));
  EQUAL(type_of("outside"), TMPFS_MAGIC);
  check_outside();
  EQUAL(mount_tmpfs("/a", NULL, 0, true), -ELOOP);
}

TEST(a_filesystem_whose_option_is_unknown_is_not_mounted) {
  NEEDS_ROOT;
  make_mounted_root();
  int before = open_descriptors();
  EQUAL(mount_tmpfs("/a", "\x0c\0\0\0no_such=that", 0, false) < 0, 1);
  CHECK(!is_mounted("a"));
  EQUAL(open_descriptors(), before);
}

static unsigned mode_of(const char *path) {
  struct stat info;
  CHECK(fstatat(c.root_fd, path, &info, 0) == 0);
  return info.st_mode & 07777;
}

TEST(a_filesystem_is_mounted_by_name_with_flags_and_data) {
  NEEDS_ROOT;
  make_mounted_root();
  int before = open_descriptors();
  EQUAL(mount_by_name("tmpfs", "/a", MS_RDONLY, "size=64k,mode=711", 0), 0);
  EQUAL(type_of("a"), TMPFS_MAGIC);
  EQUAL(flags_of("a") & (ST_RDONLY | ST_NODEV | ST_NOEXEC), ST_RDONLY | ST_NODEV);
  EQUAL(mode_of("a"), 0711);
  EQUAL(mount_by_name("tmpfs", "/b", 0, "no_such=that", 0), -EINVAL);
  CHECK(!is_mounted("b"));
  EQUAL(open_descriptors(), before);
}

TEST(a_filesystem_takes_the_mode_of_the_folder_that_was_there) {
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("folder");
  CHECK(fchmodat(c.root_fd, "folder", 0751, 0) == 0);
  EQUAL(mount_by_name("tmpfs", "/folder", 0, "size=64k", TAKES_MODE), 0);
  EQUAL(mode_of("folder"), 0751);
  EQUAL(mount_by_name("tmpfs", "/made", 0, "", TAKES_MODE), 0);
  EQUAL(mode_of("made"), 01777);
  EQUAL(mount_by_name("tmpfs", "/folder", 0, "", TAKES_MODE), 0);
  EQUAL(mode_of("folder"), 0751);
  EQUAL(mount_by_name("tmpfs", "/folder", 0, "", TAKES_NOTHING), 0);
  EQUAL(mode_of("folder"), 01777);
}

TEST(a_filesystem_takes_contents_and_those_attributes_that_no_option_gives) {
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("folder");
  make_file("folder/file");
  CHECK(fchmodat(c.root_fd, "folder", 0751, 0) == 0 && fchownat(c.root_fd, "folder", 5, 6, 0) == 0);
  struct stat info;
  EQUAL(mount_by_name("tmpfs", "/folder", 0, "mode=700", TAKES_CONTENTS | TAKES_UID), 0);
  CHECK(is_file("folder/file") && fstatat(c.root_fd, "folder", &info, 0) == 0);
  EQUAL(info.st_mode & 07777, 0700);
  EQUAL(info.st_uid, 5);
  EQUAL(info.st_gid, 0);
}

TEST(options_that_outgrow_the_page_with_a_mode_are_refused) {
  char data[4096];
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("folder");
  memset(data, 'x', sizeof data);
  memcpy(data, "mpol=", 5);
  data[sizeof data - 1] = 0;
  EQUAL(mount_by_name("tmpfs", "/folder", 0, data, TAKES_MODE), -E2BIG);
  CHECK(!is_mounted("folder"));
}

static void mount_proc_inside(void) {
  make_folder("proc");
  CHECK(mount("proc", "root/proc", "proc", 0, NULL) == 0);
}

/* A container that mounts over its /proc could show us files of its own (CVE-2019-19921). */
TEST(nothing_is_mounted_in_a_procfs) {
  NEEDS_ROOT;
  make_mounted_root();
  mount_proc_inside();
  make_link("proc/sys", "a");
  EQUAL(mount_tmpfs("/a", NULL, 0, false), -EXDEV);
  EQUAL(mount_tmpfs("/proc/sys", NULL, 0, false), -EXDEV);
  EQUAL(bind_of("/tmp", "/proc/sys", 0, NO_SLOT), -EXDEV);
}

TEST(a_bind_has_its_attributes_and_its_source_keeps_its_own) {
  char source[300];
  NEEDS_ROOT;
  make_mounted_root();
  snprintf(source, sizeof source, "%s/outside", check_folder);
  EQUAL(bind_of(source, "/data", MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOSUID_, NO_SLOT), 0);
  EQUAL(flags_of("data") & (ST_RDONLY | ST_NOSUID), ST_RDONLY | ST_NOSUID);
  CHECK(access("outside", W_OK) == 0);
  CHECK(mkdirat(c.root_fd, "data/x", 0755) < 0 && errno == EROFS);
}

TEST(a_bind_of_a_file_makes_a_file_to_be_bound_on) {
  NEEDS_ROOT;
  make_mounted_root();
  EQUAL(bind_of("/etc/passwd", "/etc/program", 0, NO_SLOT), 0);
  CHECK(is_file("etc/program"));
  EQUAL(bind_of("/no/such/source", "/data", 0, NO_SLOT), -ENOENT);
  EQUAL(bind_of(check_folder, "/etc/program", 0, NO_SLOT), -ENOTDIR);
}

TEST(a_tree_that_was_opened_before_is_what_is_bound) {
  char source[300];
  NEEDS_ROOT;
  make_mounted_root();
  snprintf(source, sizeof source, "%s/outside", check_folder);
  EQUAL(op_open_tree(&c, (const struct field[]){{.text = source}, {0}, {.number = 3}, {0}}), 0);
  close(open("outside/told", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL(bind_of("/no/such/source", "/data", 0, 3), 0);
  CHECK(is_file("data/told"));
  EQUAL(bind_of("/no/such/source", "/data", 0, 3), -ENOENT); /* a slot is taken once */
  EQUAL(op_open_tree(&c, (const struct field[]){{.text = source}, {0}, {.number = TREE_SLOTS}, {0}}), -EINVAL);
  CHECK(unlink("outside/told") == 0);
}

TEST(the_ids_of_a_tree_are_mapped) {
  struct stat info;
  char source[300];
  NEEDS_ROOT;
  make_mounted_root();
  EQUAL(mount_tmpfs("/source", NULL, 0, false), 0);
  make_file("source/file");
  snprintf(source, sizeof source, "%s/root/source", check_folder);
  EQUAL(op_open_tree(&c, (const struct field[]){{.text = source}, {0}, {.number = 0}, {0}}), 0);
  const struct field maps[4] = {{.number = 0}, {.text = "0 5000 100"}, {.text = "0 6000 100"}, {0}};
  EQUAL(op_idmap_tree(&c, maps), 0);
  EQUAL(bind_of(source, "/data", 0, 0), 0);
  CHECK(fstatat(c.root_fd, "data/file", &info, 0) == 0);
  EQUAL(info.st_uid, 5000);
  EQUAL(info.st_gid, 6000);
  EQUAL(op_idmap_tree(&c, maps), -EINVAL);
}

TEST(a_bind_loses_what_its_source_has_and_nobody_named) {
  char source[300];
  NEEDS_ROOT;
  make_mounted_root();
  EQUAL(mount_tmpfs("/source", NULL, MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOEXEC_, false), 0);
  snprintf(source, sizeof source, "%s/root/source", check_folder);
  EQUAL(bind_with(source, "/kept", 0, 0, NO_SLOT, 0), 0);
  EQUAL(flags_of("kept") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY | ST_NOEXEC);
  EQUAL(bind_with(source, "/data", MOUNT_ATTR_NOSUID_, MOUNT_ATTR_RDONLY_ | MOUNT_ATTR_NOEXEC_, NO_SLOT, 0), 0);
  EQUAL(flags_of("data") & (ST_RDONLY | ST_NOEXEC | ST_NOSUID), ST_NOSUID);
  EQUAL(flags_of("source") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY | ST_NOEXEC);
}

TEST(links_of_a_bind_are_kept_covered_or_copied) {
  char source[300], text[300] = "";
  NEEDS_ROOT;
  make_mounted_root();
  snprintf(source, sizeof source, "%s/root/like", check_folder);
  CHECK(symlink("../../outside/precious", source) == 0);
  make_link("../outside", "target");
  EQUAL(bind_with(source, "/target/../made/copy", 0, 0, NO_SLOT, LINKS_COPY_SOURCE), 0);
  EQUAL(readlinkat(c.root_fd, "made/copy", text, sizeof text), 22);
  EQUAL(bind_with(source, "/made/copy", 0, 0, NO_SLOT, LINKS_COPY_SOURCE), 0);
  EQUAL(bind_with(source, "/target", 0, 0, NO_SLOT, LINKS_COPY_SOURCE), -EEXIST);
  EQUAL(bind_with(source, "/target", 0, 0, NO_SLOT, LINKS_BIND_SOURCE | LINKS_COVER_TARGET), 0);
  EQUAL(readlinkat(c.root_fd, "target", text, sizeof text), 22);
  EQUAL(bind_with("/etc/passwd", "/made/copy", 0, 0, NO_SLOT, LINKS_COVER_TARGET), 0);
  CHECK(is_file("made/copy"));
  check_outside();
}

TEST(nothing_comes_to_lie_over_the_root) {
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("folder");
  make_link("folder/../../..", "link");
  int before = open_descriptors();
  const char *paths[] = {"/", "/folder/..", "/link", "."};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    EQUAL(mount_tmpfs(paths[i], NULL, 0, false), -ROOT_COVERED);
    EQUAL(bind_of("/etc", paths[i], 0, NO_SLOT), -ROOT_COVERED);
    EQUAL(op_mask_path(&c, (const struct field[]){{.text = paths[i]}, {.text = ""}}), -ROOT_COVERED);
  }
  EQUAL(open_descriptors(), before);
  /* The same folder by another mount is none of it. */
  EQUAL(bind_of("root", "/folder", 0, NO_SLOT), 0);
  EQUAL(mount_tmpfs("/folder", NULL, 0, false), 0);
  EQUAL(op_readonly_path(&c, &(struct field){.text = "/link"}), 0);
  EQUAL(flags_of(".") & ST_RDONLY, ST_RDONLY);
}

TEST(a_remount_changes_what_is_there) {
  NEEDS_ROOT;
  make_mounted_root();
  EQUAL(mount_tmpfs("/a", NULL, MOUNT_ATTR_NOEXEC_, false), 0);
  const struct field fields[7] = {{.text = "/a"}, {.number = MOUNT_ATTR_RDONLY_}, {.number = MOUNT_ATTR_NOEXEC_}};
  EQUAL(op_remount(&c, fields), 0);
  EQUAL(flags_of("a") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY);
  const struct field missing[7] = {{.text = "/none"}};
  EQUAL(op_remount(&c, missing), -ENOENT);
}

static int mask(const char *path) { return op_mask_path(&c, (const struct field[]){{.text = path}, {.text = ""}}); }

TEST(a_masked_folder_is_empty_and_a_masked_file_is_dev_null) {
  struct stat info;
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("folder");
  make_file("folder/secret");
  make_file("file");
  EQUAL(mask("/folder"), 0);
  EQUAL(mask("/file"), 0);
  EQUAL(mask("/missing"), 0);
  EQUAL(mask("/file/below"), 0);
  CHECK(!is_file("folder/secret"));
  EQUAL(flags_of("folder") & ST_RDONLY, ST_RDONLY);
  CHECK(fstatat(c.root_fd, "file", &info, AT_SYMLINK_NOFOLLOW) == 0);
  EQUAL(info.st_rdev, makedev(1, 3));
  CHECK(fchmodat(c.root_fd, "file", 0600, 0) < 0 && errno == EROFS);
}

TEST(masked_folders_share_a_filesystem_that_is_freed_of_the_others_mounts) {
  struct stat first, second;
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("a");
  make_folder("b");
  EQUAL(mask("/a"), 0);
  int before = open_descriptors();
  EQUAL(mask("/b"), 0);
  EQUAL(open_descriptors(), before);
  CHECK(fstatat(c.root_fd, "a", &first, 0) == 0 && fstatat(c.root_fd, "b", &second, 0) == 0);
  CHECK(first.st_dev == second.st_dev && (flags_of("b") & ST_RDONLY));
  EQUAL(mount_tmpfs("/a", NULL, 0, false), 0);
  CHECK(fstatat(c.root_fd, "a", &first, 0) == 0 && fstatat(c.root_fd, "b", &second, 0) == 0);
  CHECK(first.st_dev != second.st_dev);
}

TEST(a_masked_link_masks_what_it_leads_to_inside) {
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("outside");
  make_file("outside/secret");
  make_link("../../outside", "link");
  EQUAL(mask("/link"), 0);
  CHECK(!is_file("outside/secret"));
  check_outside();
}

TEST(a_read_only_path_cannot_be_written_and_its_surroundings_can) {
  NEEDS_ROOT;
  make_mounted_root();
  make_folder("kept");
  make_file("kept/file");
  EQUAL(op_readonly_path(&c, &(struct field){.text = "/kept"}), 0);
  EQUAL(op_readonly_path(&c, &(struct field){.text = "/missing"}), 0);
  CHECK(openat(c.root_fd, "kept/file", O_WRONLY) < 0 && errno == EROFS);
  make_file("beside");
}

TEST(the_root_becomes_ours_and_nothing_else_is_left) {
  NEEDS_ROOT;
  make_mounted_root();
  make_file("inside");
  EQUAL(op_root_attributes(&c, (const struct field[]){{.number = MOUNT_ATTR_RDONLY_}, {0}, {0}}), 0);
  EQUAL(op_pivot_root(&c, NULL), 0);
  CHECK(access("/inside", F_OK) == 0 && access("/etc", F_OK) < 0);
  CHECK(access("/..", F_OK) == 0 && access("/../inside", F_OK) == 0);
  CHECK(mkdir("/made", 0755) < 0 && errno == EROFS);
}

TEST(a_root_may_be_changed_without_pivoting) {
  NEEDS_ROOT;
  make_mounted_root();
  make_file("inside");
  EQUAL(op_change_root(&c, (const struct field[]){{.number = 1}}), 0);
  CHECK(access("/inside", F_OK) == 0 && access("/etc", F_OK) < 0);
}
