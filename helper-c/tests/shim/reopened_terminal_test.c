/* kago_foreground() with a terminal that nobody has open for a while. */
#include "../check.h"
#include "../terminal_fixture.h"

#include <sys/resource.h>

/* Leaves its terminal, and comes back by the name that its session has for it. */
static void leave_and_come_back(void) {
  char line[256];
  for (int i = 0; i < 3; i++) {
    int terminal = open("/dev/tty", O_RDWR);
    if (terminal < 0) _exit(1);
    dprintf(terminal, "here %d\n", i);
    close(0);
    close(1);
    close(terminal);
    usleep(150000);
  }
  if (open("/dev/tty", O_RDWR) != 0) _exit(2);
  dprintf(0, "ready\n");
  ssize_t n = read(0, line, sizeof line - 1);
  line[n > 0 ? n : 0] = 0;
  _exit(strcmp(line, "hello\n") == 0 ? 7 : 3);
}

static void *watch_and_type(void *unused) {
  expect_text("here 2\n");
  expect_text("ready\n");
  type("hello\r");
  return unused;
}

static long milliseconds_of_cpu(void) {
  struct rusage usage;
  CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

TEST(a_terminal_that_is_opened_again_is_relayed_again) {
  pthread_t thread;
  open_user_terminal(true);
  int pid = start_in_terminal(leave_and_come_back, false);
  CHECK(pthread_create(&thread, NULL, watch_and_type, NULL) == 0);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 7 << 8);
  pthread_join(thread, NULL);
}

static void leave_for_long(void) {
  close(0);
  close(1);
  usleep(1000000);
  _exit(0);
}

TEST(a_terminal_that_nobody_has_open_is_waited_for_without_turning_in_circles) {
  open_user_terminal(true);
  int pid = start_in_terminal(leave_for_long, false);
  long before = milliseconds_of_cpu();
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  CHECK(milliseconds_of_cpu() - before < 200);
}

static void say_and_leave_at_once(void) {
  close(0);
  close(1);
  usleep(100000);
  int terminal = open("/dev/tty", O_RDWR);
  for (int i = 0; i < 400; i++) dprintf(terminal, "row %d\n", i);
  _exit(0);
}

TEST(what_is_written_right_before_the_end_comes_through) {
  char seen[16 << 10] = "";
  int output[2];
  open_user_terminal(false);
  CHECK(pipe2(output, O_CLOEXEC) == 0);
  dup2(output[1], 1);
  close(output[1]);
  int pid = start_in_terminal(say_and_leave_at_once, false);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  CHECK(read(output[0], seen, sizeof seen - 1) > 0);
  CHECK(strstr(seen, "row 399\n") != NULL);
}
