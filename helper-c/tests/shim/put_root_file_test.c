/* kago_put_root_file(): whatever a hostile root filesystem has under that name is replaced, never followed or written
 * to (CVE-2025-24965), and nothing else is left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../check.h"

#include "../../shim/shim.h"

#define NAME ".krun_config.json"
#define CONTENTS "{\"new\":true}"

static int put_named(const char *name) {
  return kago_put_root_file("root", name, (const uint8_t *)CONTENTS, strlen(CONTENTS), geteuid(), getegid());
}

static int put(void) { return put_named(NAME); }

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

static void expect_file(const char *path, const char *text) {
  char found[4096] = "";
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  CHECK(fd >= 0 && read(fd, found, sizeof found - 1) >= 0);
  close(fd);
  EQUAL_TEXT(found, text);
}

/* The sentinel stands beside the root; links in the root lead to it. */
static void make_root(void) {
  CHECK(mkdir("root", 0755) == 0 && mkdir("outside", 0755) == 0);
  write_file("outside/sentinel", "untouched");
}

static int count_entries(const char *path) {
  DIR *folder = opendir(path);
  CHECK(folder);
  int count = 0;
  while (readdir(folder)) count++;
  closedir(folder);
  return count - 2;
}

/* The file is there, alone, and the sentinel is as it was. */
static void expect_replaced(void) {
  struct stat info;
  CHECK(lstat("root/" NAME, &info) == 0);
  EQUAL(info.st_mode, S_IFREG | 0600);
  EQUAL(info.st_nlink, 1);
  expect_file("root/" NAME, CONTENTS);
  EQUAL(count_entries("root"), 1);
  EQUAL(count_entries("outside"), 1);
  expect_file("outside/sentinel", "untouched");
}

TEST(a_new_file_has_mode_0600_and_its_owner) {
  SKIP_UNLESS(geteuid() == 0, "needs root for chown");
  make_root();
  umask(0);
  EQUAL(kago_put_root_file("root", NAME, (const uint8_t *)CONTENTS, strlen(CONTENTS), 1234, 5678), 0);
  expect_replaced();
  struct stat info;
  CHECK(stat("root/" NAME, &info) == 0);
  EQUAL(info.st_uid, 1234);
  EQUAL(info.st_gid, 5678);
}

TEST(an_empty_file_and_a_large_one_are_whole) {
  make_root();
  static uint8_t large[1 << 20];
  EQUAL(kago_put_root_file("root", NAME, large, 0, geteuid(), getegid()), 0);
  expect_file("root/" NAME, "");
  EQUAL(kago_put_root_file("root", NAME, large, sizeof large, geteuid(), getegid()), 0);
  struct stat info;
  CHECK(stat("root/" NAME, &info) == 0);
  EQUAL(info.st_size, sizeof large);
}

TEST(a_file_of_that_name_is_replaced_not_written_to) {
  make_root();
  write_file("root/" NAME, "old and much longer than the new one");
  CHECK(chmod("root/" NAME, 04777) == 0);
  int held = open("root/" NAME, O_RDONLY | O_CLOEXEC);
  EQUAL(put(), 0);
  expect_replaced();
  char old[4] = "";
  EQUAL(read(held, old, 3), 3);
  EQUAL_TEXT(old, "old");
}

TEST(a_link_of_that_name_is_replaced_not_followed) {
  static const char *const targets[] = {"../outside/sentinel", "../outside/made", "/dev/null", NAME, "/proc/self/fd/0"};
  make_root();
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    unlink("root/" NAME);
    CHECK(symlink(targets[i], "root/" NAME) == 0);
    EQUAL(put(), 0);
    expect_replaced();
  }
}

TEST(a_hard_link_of_that_name_leaves_its_other_name_alone) {
  make_root();
  CHECK(link("outside/sentinel", "root/" NAME) == 0);
  EQUAL(put(), 0);
  expect_replaced();
}

TEST(a_FIFO_or_socket_of_that_name_is_replaced_not_opened) {
  make_root();
  CHECK(mkfifo("root/" NAME, 0666) == 0);
  EQUAL(put(), 0);
  expect_replaced();
  CHECK(unlink("root/" NAME) == 0 && mknod("root/" NAME, S_IFSOCK | 0666, 0) == 0);
  EQUAL(put(), 0);
  expect_replaced();
}

TEST(a_device_of_that_name_is_replaced_not_opened) {
  make_root();
  SKIP_UNLESS(mknod("root/" NAME, S_IFCHR | 0666, makedev(1, 3)) == 0, "needs CAP_MKNOD");
  EQUAL(put(), 0);
  expect_replaced();
}

TEST(a_folder_of_that_name_is_refused_and_nothing_is_left_behind) {
  make_root();
  CHECK(mkdir("root/" NAME, 0755) == 0);
  EQUAL(put(), -EISDIR);
  EQUAL(count_entries("root"), 1);
  write_file("root/" NAME "/inside", "");
  EQUAL(put(), -EISDIR);
  EQUAL(count_entries("root"), 1);
  EQUAL(count_entries("root/" NAME), 1);
}

TEST(a_root_that_is_missing_or_no_folder_is_refused) {
  EQUAL(put(), -ENOENT);
  write_file("root", "");
  EQUAL(put(), -ENOTDIR);
}

TEST(names_that_lead_elsewhere_are_refused) {
  static const char *const names[] = {"../outside/made", "sub/made", "/made", "", ".", ".."};
  make_root();
  CHECK(mkdir("root/sub", 0755) == 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) CHECK(put_named(names[i]) < 0);
  EQUAL(count_entries("root"), 1);
  EQUAL(count_entries("root/sub"), 0);
  EQUAL(count_entries("outside"), 1);
}

/* What an earlier run left behind, or an image brings, must not keep a container from starting. */
TEST(a_file_in_the_way_of_the_temporary_name_does_no_harm) {
  static const char *const endings[] = {"", ".0", ".1"}; /* the names that it takes first */
  char name[64];
  make_root();
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    snprintf(name, sizeof name, "root/" NAME ".%d%s", getpid(), endings[i]);
    CHECK(symlink("../outside/sentinel", name) == 0);
  }
  EQUAL(put(), 0);
  expect_file("outside/sentinel", "untouched");
  expect_file("root/" NAME, CONTENTS);
}

TEST(a_failed_write_leaves_the_old_file_and_nothing_else) {
  make_root();
  write_file("root/" NAME, "old");
  struct rlimit limit = {4, 4};
  signal(SIGXFSZ, SIG_IGN);
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  EQUAL(put(), -EFBIG);
  EQUAL(count_entries("root"), 1);
  expect_file("root/" NAME, "old");
}

TEST(a_failed_chown_leaves_nothing_behind) {
  SKIP_UNLESS(geteuid() == 0, "needs root to become another user");
  make_root();
  CHECK(chmod("root", 0777) == 0 && chmod(".", 0755) == 0);
  CHECK(setgid(1234) == 0 && setuid(1234) == 0);
  EQUAL(kago_put_root_file("root", NAME, (const uint8_t *)CONTENTS, strlen(CONTENTS), 0, 0), -EPERM);
  EQUAL(count_entries("root"), 0);
}

TEST(no_descriptor_stays_open) {
  make_root();
  int before = dup(0);
  close(before);
  EQUAL(put(), 0);
  CHECK(put_named("..") < 0);
  EQUAL(dup(0), before);
}
