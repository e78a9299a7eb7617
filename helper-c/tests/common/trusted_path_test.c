/* open_trusted(): only what root alone could have put there. On a file system of the test's own, which root owns. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../check.h"

#include "../../common/trusted_path.h"

static char problem[4096];

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

/* /mnt/lib/sub/file, all root's alone; nobody else sees it, and it ends with the test. */
static bool make_place(void) {
  if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0) return false;
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") == 0);
  umask(022);
  CHECK(mkdir("/mnt/lib", 0755) == 0 && mkdir("/mnt/lib/sub", 0755) == 0);
  write_file("/mnt/lib/sub/file", "good");
  return true;
}

static void expect_file(const char *path, const char *text) {
  char found[16] = "";
  int fd = open_trusted(path, problem, sizeof problem);
  EQUAL_TEXT(problem, "");
  CHECK(fd >= 0 && read(fd, found, sizeof found - 1) >= 0);
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
  close(fd);
  EQUAL_TEXT(found, text);
}

static void expect_refusal(const char *path, const char *words) {
  EQUAL(open_trusted(path, problem, sizeof problem), -EPERM);
  EQUAL_TEXT(problem, words);
}

TEST(a_file_of_roots_is_opened_for_reading_and_close_on_exec) {
  SKIP_UNLESS(make_place(), "needs root");
  expect_file("/mnt/lib/sub/file", "good");
  expect_file("//mnt/./lib//sub/../sub/file", "good");
  expect_file("/../mnt/lib/sub/file", "good");
}

TEST(links_of_roots_are_followed_relative_absolute_and_upwards) {
  static const char *const targets[] = {"sub/file", "/mnt/lib/sub/file", "../lib/sub/file", "sub/../sub/./file"};
  SKIP_UNLESS(make_place(), "needs root");
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    unlink("/mnt/lib/link");
    CHECK(symlink(targets[i], "/mnt/lib/link") == 0);
    expect_file("/mnt/lib/link", "good");
  }
  CHECK(symlink("../lib/sub", "/mnt/lib/folder") == 0);
  expect_file("/mnt/lib/folder/file", "good");
  expect_file("/mnt/lib/folder/../sub/file", "good");
}

TEST(a_file_that_others_can_write_or_own_is_refused) {
  SKIP_UNLESS(make_place(), "needs root");
  CHECK(chmod("/mnt/lib/sub/file", 0664) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib/sub/file can be written by others than root");
  CHECK(chmod("/mnt/lib/sub/file", 0646) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib/sub/file can be written by others than root");
  CHECK(chmod("/mnt/lib/sub/file", 0644) == 0 && chown("/mnt/lib/sub/file", 1000, 0) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib/sub/file belongs to user 1000, not to root");
}

TEST(a_folder_on_the_way_that_others_can_write_or_own_is_refused_sticky_or_not) {
  SKIP_UNLESS(make_place(), "needs root");
  CHECK(chmod("/mnt/lib", 01777) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib can be written by others than root");
  CHECK(chmod("/mnt/lib", 0775) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib can be written by others than root");
  CHECK(chmod("/mnt/lib", 0755) == 0 && chown("/mnt/lib", 7, 7) == 0);
  expect_refusal("/mnt/lib/sub/file", "/mnt/lib belongs to user 7, not to root");
}

TEST(a_link_of_somebody_elses_is_refused_and_so_is_where_a_link_leads) {
  SKIP_UNLESS(make_place(), "needs root");
  CHECK(symlink("sub/file", "/mnt/lib/link") == 0 && lchown("/mnt/lib/link", 1000, 1000) == 0);
  expect_refusal("/mnt/lib/link", "/mnt/lib/link belongs to user 1000, not to root");
  CHECK(mkdir("/mnt/open", 0755) == 0 && chmod("/mnt/open", 0777) == 0);
  write_file("/mnt/open/file", "bad");
  CHECK(symlink("/mnt/open/file", "/mnt/lib/out") == 0 && symlink("../open/../lib/sub/file", "/mnt/lib/through") == 0);
  expect_refusal("/mnt/lib/out", "/mnt/open can be written by others than root");
  expect_refusal("/mnt/lib/through", "/mnt/open can be written by others than root");
}

TEST(what_is_no_regular_file_is_refused) {
  SKIP_UNLESS(make_place(), "needs root");
  CHECK(mkfifo("/mnt/lib/pipe", 0600) == 0);
  expect_refusal("/mnt/lib/pipe", "/mnt/lib/pipe is not a regular file");
  expect_refusal("/mnt/lib/sub", "/mnt/lib/sub is not a regular file");
  expect_refusal("/mnt/lib/sub/", "/mnt/lib/sub is not a regular file");
  expect_refusal("/", "/ is not a regular file");
}

TEST(what_is_missing_or_leads_nowhere_is_told) {
  char longest[5000];
  SKIP_UNLESS(make_place(), "needs root");
  EQUAL(open_trusted("/mnt/lib/none", problem, sizeof problem), -ENOENT);
  EQUAL(open_trusted("/mnt/none/file", problem, sizeof problem), -ENOENT);
  EQUAL(open_trusted("/mnt/lib/sub/file/x", problem, sizeof problem), -ENOTDIR);
  EQUAL(open_trusted("/mnt/lib/sub/file/", problem, sizeof problem), -ENOTDIR);
  EQUAL(open_trusted("mnt/lib/sub/file", problem, sizeof problem), -EINVAL);
  EQUAL(open_trusted("", problem, sizeof problem), -EINVAL);
  CHECK(symlink("two", "/mnt/lib/one") == 0 && symlink("one", "/mnt/lib/two") == 0);
  EQUAL(open_trusted("/mnt/lib/one", problem, sizeof problem), -ELOOP);
  memset(longest, 'x', sizeof longest - 1);
  *longest = '/';
  longest[sizeof longest - 1] = 0;
  EQUAL(open_trusted(longest, problem, sizeof problem), -ENAMETOOLONG);
  longest[300] = 0;
  EQUAL(open_trusted(longest, problem, sizeof problem), -ENAMETOOLONG);
  EQUAL_TEXT(problem, "");
}

TEST(the_descriptor_stands_for_the_file_that_was_looked_at) {
  char found[16] = "";
  SKIP_UNLESS(make_place(), "needs root");
  int fd = open_trusted("/mnt/lib/sub/file", problem, sizeof problem);
  CHECK(fd >= 0);
  write_file("/mnt/lib/sub/other", "other");
  CHECK(rename("/mnt/lib/sub/other", "/mnt/lib/sub/file") == 0);
  CHECK(read(fd, found, sizeof found - 1) == 4);
  EQUAL_TEXT(found, "good");
}
