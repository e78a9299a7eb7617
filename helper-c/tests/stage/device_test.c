/* op_mknod() and op_symlink(): nodes and links of /dev in a hostile root. */
#include "../check.h"
#include "../root_fixture.h"

#include <sys/sysmacros.h>

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for device nodes")

static int make_node_of(const char *path, uint32_t mode, uint32_t major, uint32_t minor) {
  const struct field fields[6] = {{.text = path},    {.number = mode}, {.number = major},
                                  {.number = minor}, {.number = 12},   {.number = 34}};
  return op_mknod(&c, fields);
}

static int make_null(const char *path) { return make_node_of(path, S_IFCHR | 0666, 1, 3); }

static int link_to(const char *target, const char *path, bool replace) {
  const struct field fields[3] = {{.text = target}, {.text = path}, {.number = replace}};
  return op_symlink(&c, fields);
}

static struct stat status(const char *path) {
  struct stat info;
  CHECK(fstatat(c.root_fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0);
  return info;
}

static const char *target_of(const char *path) {
  static char target[PATH_MAX];
  ssize_t length = readlinkat(c.root_fd, path, target, sizeof target - 1);
  CHECK(length > 0);
  target[length] = 0;
  return target;
}

TEST(a_node_has_its_mode_and_owner_whatever_the_umask) {
  NEEDS_ROOT;
  make_root();
  umask(077);
  EQUAL(make_null("/dev/null"), 0);
  struct stat info = status("dev/null");
  EQUAL(info.st_mode, S_IFCHR | 0666);
  EQUAL(info.st_rdev, makedev(1, 3));
  EQUAL(info.st_uid, 12);
  EQUAL(info.st_gid, 34);
  EQUAL(umask(0), 077);
}

TEST(a_FIFO_is_made_as_a_node_is) {
  make_root();
  SKIP_UNLESS(geteuid() == 0, "needs root for chown");
  EQUAL(make_node_of("/dev/pipe", S_IFIFO | 0620, 0, 0), 0);
  EQUAL(status("dev/pipe").st_mode, S_IFIFO | 0620);
}

TEST(the_same_device_may_be_there_already) {
  NEEDS_ROOT;
  make_root();
  EQUAL(make_null("/dev/null"), 0);
  EQUAL(make_null("/dev/null"), 0);
}

TEST(another_device_a_file_or_a_link_of_that_name_is_refused) {
  NEEDS_ROOT;
  make_root();
  make_folder("dev");
  make_file("dev/file");
  make_folder("dev/folder");
  make_link("null", "dev/link");
  make_link("../../outside/made", "dev/dangling");
  EQUAL(make_node_of("/dev/other", S_IFCHR | 0666, 1, 5), 0);
  EQUAL(make_node_of("/dev/block", S_IFBLK | 0666, 1, 3), 0);
  EQUAL(make_null("/dev/null"), 0);
  static const char *const taken[] = {"/dev/file", "/dev/link", "/dev/dangling", "/dev/other", "/dev/block"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) EQUAL(make_null(taken[i]), -EEXIST);
  /* As with runc: a folder is no device, nor can it lead to one. */
  EQUAL(make_null("/dev/folder"), 0);
  CHECK(S_ISDIR(status("dev/folder").st_mode));
  check_outside();
}

TEST(nodes_and_links_stay_inside_when_their_folder_is_a_link) {
  NEEDS_ROOT;
  make_root();
  make_link("../../outside", "dev");
  EQUAL(make_null("/dev/null"), 0);
  EQUAL(link_to("/proc/self/fd", "/dev/fd", false), 0);
  CHECK(S_ISCHR(status("outside/null").st_mode));
  EQUAL_TEXT(target_of("outside/fd"), "/proc/self/fd");
  check_outside();
}

TEST(paths_without_a_name_are_refused) {
  make_root();
  EQUAL(make_null("/"), -EINVAL);
  EQUAL(make_null("/dev/.."), -EINVAL);
  EQUAL(link_to("x", "/dev/", false), -EINVAL);
}

TEST(a_link_keeps_what_is_there) {
  make_root();
  make_folder("dev");
  make_file("dev/core");
  make_link("elsewhere", "dev/fd");
  EQUAL(link_to("/proc/kcore", "/dev/core", false), 0);
  EQUAL(link_to("/proc/self/fd", "/dev/fd", false), 0);
  CHECK(is_file("dev/core"));
  EQUAL_TEXT(target_of("dev/fd"), "elsewhere");
}

TEST(a_replacing_link_replaces_names_not_what_they_lead_to) {
  make_root();
  make_folder("dev");
  make_file("precious");
  make_link("../precious", "dev/ptmx");
  EQUAL(link_to("pts/ptmx", "/dev/ptmx", true), 0);
  EQUAL_TEXT(target_of("dev/ptmx"), "pts/ptmx");
  CHECK(is_file("precious"));
  EQUAL(link_to("pts/ptmx", "/dev/ptmx", true), 0);
  make_folder("dev/folder");
  EQUAL(link_to("pts/ptmx", "/dev/folder", true), -EISDIR);
}

TEST(no_descriptor_stays_open) {
  make_root();
  make_folder("dev");
  make_file("dev/file");
  int before = open_descriptors();
  EQUAL(link_to("a", "/dev/link", false), 0);
  EQUAL(make_null("/dev/file"), -EEXIST);
  EQUAL(make_null("/dev/.."), -EINVAL);
  EQUAL(open_descriptors(), before);
}
