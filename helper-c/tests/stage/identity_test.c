/* op_find_home(): a hostile image's /etc/passwd, read in a root of its own. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/context.h"

static struct context c;

static void make_passwd(const char *text, size_t size) {
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0);
  int fd = open("root/etc/passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0 && write(fd, text, size) == (ssize_t)size);
  close(fd);
}

static const char *home_of(uint32_t uid) {
  EQUAL(op_find_home(&c, &(struct field){.number = uid}), 0);
  return c.home;
}

static void enter_root(void) {
  SKIP_UNLESS(geteuid() == 0, "needs root for chroot");
  CHECK(chroot("root") == 0 && chdir("/") == 0);
}

#define PASSWD(text) make_passwd(text, sizeof text - 1)

TEST(home_is_the_sixth_field_of_the_users_line) {
  PASSWD("root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/srv/web:/bin/false\nagain:x:33:1::/other:\n");
  enter_root();
  EQUAL_TEXT(home_of(0), "HOME=/root");
  EQUAL_TEXT(home_of(33), "HOME=/srv/web");
  EQUAL_TEXT(home_of(7), "HOME=/");
}

TEST(lines_that_are_none_of_a_passwd_are_passed_over) {
  PASSWD(
      "\n:::::\nx:x:7\nx:x:7x:0::/wrong:\nx:x::0::/empty:\nx:x:7:0::relative:\nx:x:7:0::/right:/bin/sh\nx:x:8:0::/cut");
  enter_root();
  EQUAL_TEXT(home_of(7), "HOME=/right");
  EQUAL_TEXT(home_of(0), "HOME=/");
  EQUAL_TEXT(home_of(8), "HOME=/");
}

TEST(a_line_without_end_ends_nothing) {
  static char text[40000];
  memset(text, 'x', sizeof text);
  memcpy(text + sizeof text - 20, "\nu:x:9:0::/home/u:\n\n", 20);
  make_passwd(text, sizeof text);
  enter_root();
  EQUAL_TEXT(home_of(9), "HOME=/home/u");
}

TEST(a_home_longer_than_any_path_is_cut_not_overrun) {
  static char text[7000];
  int length = snprintf(text, sizeof text, "u:x:5:0::/");
  memset(text + length, 'h', 6000);
  memcpy(text + length + 6000, ":/bin/sh\n", 9);
  make_passwd(text, (size_t)length + 6009);
  enter_root();
  EQUAL((long long)strlen(home_of(5)), sizeof c.home - 1);
}

TEST(a_FIFO_or_nothing_in_the_place_of_the_file_is_not_waited_for) {
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0);
  CHECK(mkfifo("root/etc/passwd", 0644) == 0);
  enter_root();
  EQUAL_TEXT(home_of(0), "HOME=/");
  CHECK(unlink("/etc/passwd") == 0);
  EQUAL_TEXT(home_of(0), "HOME=/");
  CHECK(mkdir("/etc/passwd", 0755) == 0);
  EQUAL_TEXT(home_of(0), "HOME=/");
}

TEST(a_file_that_is_too_large_for_a_passwd_is_refused_unread) {
  PASSWD("root:x:0:0:root:/root:/bin/sh\n");
  enter_root();
  CHECK(truncate("/etc/passwd", 1ll << 40) == 0);
  EQUAL(op_find_home(&c, &(struct field){.number = 0}), -EFBIG);
  CHECK(truncate("/etc/passwd", 4 << 20) == 0);
  EQUAL_TEXT(home_of(0), "HOME=/root");
}

TEST(a_file_that_the_kernel_makes_up_is_no_passwd) {
  /* Of a regular file's kind, 0 bytes long, and as many as there are addresses. */
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/etc", 0755) == 0 && mkdir("root/proc", 0755) == 0);
  SKIP_UNLESS(geteuid() == 0 && unshare(CLONE_NEWNS) == 0, "needs root for a mount");
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("proc", "root/proc", "proc", 0, NULL) == 0);
  CHECK(symlink("/proc/self/pagemap", "root/etc/passwd") == 0);
  enter_root();
  EQUAL(op_find_home(&c, &(struct field){.number = 0}), 0);
  EQUAL_TEXT(c.home, "HOME=/");
}
