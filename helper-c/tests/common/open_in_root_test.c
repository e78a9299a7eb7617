/* open_in_root(): a path of a hostile root filesystem leads nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../check.h"

#include "../../common/root_path.h"
#include "../../shim/shim.h"

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

/* Files of the same name in the root and beside it. */
static void make_root(void) {
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/sub", 0755) == 0);
  write_file("root/file", "inside");
  write_file("file", "outside");
}

static void expect_inside(const char *path) {
  char found[16] = "";
  int fd = open_in_root("root", path, O_RDONLY);
  CHECK(fd >= 0 && read(fd, found, sizeof found - 1) == 6);
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  close(fd);
  EQUAL_TEXT(found, "inside");
}

TEST(dots_and_slashes_stay_in_the_root) {
  static const char *const paths[] = {"file", "/file", "../file", "/../../file", "sub/../../file"};
  make_root();
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) expect_inside(paths[i]);
}

TEST(links_are_followed_inside_the_root) {
  static const char *const targets[] = {"file", "/file", "../file", "/sub/../../../file"};
  make_root();
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    unlink("root/link");
    CHECK(symlink(targets[i], "root/link") == 0);
    expect_inside("link");
  }
}

TEST(links_of_a_procfs_are_not_followed) {
  make_root();
  EQUAL(open_in_root("/", "/proc/self/root/etc/passwd", O_RDONLY), -ELOOP);
  EQUAL(open_in_root("/", "/proc/self/cwd/file", O_RDONLY), -ELOOP);
}

TEST(a_file_that_is_made_is_made_in_the_root_for_its_owner_alone) {
  make_root();
  umask(0);
  CHECK(symlink("../made", "root/link") == 0);
  int fd = open_in_root("root", "link", O_WRONLY | O_CREAT | O_APPEND);
  CHECK(fd >= 0);
  close(fd);
  struct stat info;
  CHECK(stat("root/made", &info) == 0);
  EQUAL(info.st_mode, S_IFREG | 0600);
  EQUAL(access("made", F_OK), -1);
}

TEST(what_is_missing_is_told) {
  EQUAL(open_in_root("root", "file", O_RDONLY), -ENOENT);
  make_root();
  EQUAL(open_in_root("root", "nothing", O_RDONLY), -ENOENT);
  EQUAL(open_in_root("root", "file/x", O_RDONLY), -ENOTDIR);
  EQUAL(open_in_root("root/file", "x", O_RDONLY), -ENOTDIR);
}
