/* op_console() and op_session_terminal(): the terminal of a hostile root, and the one of a session with a guest. */
#include "../check.h"
#include "../root_fixture.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "../../common/message.h"
#include "../../shim/shim.h"

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for mounts")

static int main_end = -1; /* Main's, where the terminal's master arrives */

static void connect_main(void) {
  int pair[2];
  CHECK(kago_socket_pair(pair) == 0);
  main_end = pair[0];
  c.sync_fd = pair[1];
}

/* A root whose dev/pts is a devpts of its own, in a mount namespace of our own. */
static void make_root_with_terminals(void) {
  CHECK(unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  make_root();
  make_folder("dev");
  make_folder("dev/pts");
  CHECK(mount("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") == 0);
  connect_main();
}

static int console(unsigned rows, unsigned columns, unsigned uid, bool bind) {
  const struct field fields[4] = {{.number = rows}, {.number = columns}, {.number = uid}, {.number = bind}};
  return op_console(&c, fields);
}

/* The master that Main got, -1 for none. */
static int received_master(void) {
  uint8_t bytes[64];
  struct datagram_origin origin;
  struct pollfd pending = {.fd = main_end, .events = POLLIN};
  if (poll(&pending, 1, 0) != 1) return -1;
  CHECK(kago_receive(main_end, bytes, sizeof bytes, &origin) == sizeof(struct message));
  CHECK(((struct message *)(void *)bytes)->type == MESSAGE_CONSOLE);
  return origin.passed;
}

TEST(the_terminal_becomes_the_streams_and_is_the_sessions_own) {
  struct winsize size;
  struct stat info;
  char line[16] = "";
  NEEDS_ROOT;
  make_root_with_terminals();
  EQUAL(console(31, 97, 12, false), 0);
  int master = received_master();
  CHECK(master >= 0);
  CHECK(ioctl(0, TIOCGWINSZ, &size) == 0);
  EQUAL(size.ws_row, 31);
  EQUAL(size.ws_col, 97);
  for (int fd = 0; fd <= 2; fd++) {
    CHECK(isatty(fd) && fstat(fd, &info) == 0);
    EQUAL(info.st_uid, 12);
  }
  EQUAL(tcgetsid(0), getpid());
  CHECK(write(master, "typed\n", 6) == 6);
  CHECK(read(0, line, sizeof line) == 6);
  EQUAL_TEXT(line, "typed\n");
}

TEST(the_terminal_is_dev_console_where_that_is_wanted) {
  struct stat terminal, bound;
  NEEDS_ROOT;
  make_root_with_terminals();
  EQUAL(console(0, 0, 0, true), 0);
  CHECK(fstat(0, &terminal) == 0 && stat("root/dev/console", &bound) == 0);
  EQUAL(bound.st_rdev, terminal.st_rdev);
  EQUAL(bound.st_ino, terminal.st_ino);
}

/* What must not be taken for a terminal, or for the place of one. */
static void refuses(int error, bool bind) {
  int before = open_descriptors();
  EQUAL(console(0, 0, 0, bind), error);
  CHECK(!isatty(0));
  EQUAL(received_master(), -1);
  EQUAL(open_descriptors(), before);
  check_outside();
}

TEST(a_folder_that_is_no_devpts_gives_no_terminal) {
  NEEDS_ROOT;
  make_root();
  connect_main();
  make_folder("dev");
  make_folder("dev/pts");
  CHECK(mknodat(c.root_fd, "dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
  refuses(-EXDEV, false);
}

TEST(a_link_in_the_place_of_devpts_gives_no_terminal) {
  NEEDS_ROOT;
  make_root();
  connect_main();
  make_folder("dev");
  make_link("/dev/pts", "dev/pts");
  refuses(-ELOOP, false);
}

TEST(another_device_over_ptmx_gives_no_terminal) {
  NEEDS_ROOT;
  make_root_with_terminals();
  CHECK(mount("/dev/null", "root/dev/pts/ptmx", NULL, MS_BIND, NULL) == 0);
  refuses(-EXDEV, false);
}

TEST(a_link_in_the_place_of_dev_console_is_not_followed) {
  NEEDS_ROOT;
  make_root_with_terminals();
  make_link("../../outside/console", "dev/console");
  refuses(-ELOOP, true);
}

TEST(a_session_with_a_guest_has_a_raw_terminal_of_the_hosts) {
  struct winsize size;
  struct termios mode;
  const struct field fields[2] = {{.number = 40}, {.number = 132}};
  SKIP_UNLESS(access("/dev/ptmx", R_OK | W_OK) == 0, "no /dev/ptmx");
  connect_main();
  EQUAL(op_session_terminal(&c, fields), 0);
  CHECK(received_master() >= 0);
  CHECK(ioctl(1, TIOCGWINSZ, &size) == 0 && tcgetattr(1, &mode) == 0);
  EQUAL(size.ws_row, 40);
  EQUAL(size.ws_col, 132);
  EQUAL(mode.c_lflag & (ICANON | ECHO | ISIG), 0);
  EQUAL(mode.c_oflag & OPOST, 0);
  EQUAL(tcgetsid(2), getpid());
}
