/* kago_foreground() with a terminal: keys and output, the mode of the user's terminal, the window's size. */
#include "../check.h"
#include "../terminal_fixture.h"

/* Says "ready", then each line twice; "bye" ends it. */
static void repeat_lines(void) {
  char line[256];
  dprintf(1, "ready\n");
  while (fgets(line, sizeof line, stdin) && strcmp(line, "bye\n")) dprintf(1, "got %s", line);
}

static pthread_t start_thread(void *(*run)(void *)) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
  return thread;
}

static void *type_and_read(void *unused) {
  expect_text("ready\n");
  struct termios mode;
  CHECK(tcgetattr(ours, &mode) == 0);
  CHECK(!(mode.c_lflag & (ICANON | ECHO | ISIG)) && !(mode.c_oflag & OPOST));
  type("one\r");
  expect_text("got one\n");
  type("two\r");
  expect_text("got two\n");
  type("bye\r");
  return unused;
}

TEST(keys_and_output_are_relayed_and_the_mode_is_put_back) {
  static struct termios before, after; /* static: padding that compares equal */
  open_user_terminal(true);
  CHECK(tcgetattr(ours, &before) == 0);
  int pid = start_in_terminal(repeat_lines, false);
  pthread_t thread = start_thread(type_and_read);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  pthread_join(thread, NULL);
  CHECK(tcgetattr(ours, &after) == 0);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
}

/* The signal is waited for, not handled: a handler may not print while what it interrupts does. */
static sigset_t block(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  return set;
}

static void wait_for_interrupt(void) {
  sigset_t interrupt = block(SIGINT);
  dprintf(1, "ready\n");
  CHECK(sigwaitinfo(&interrupt, NULL) == SIGINT);
  dprintf(1, "interrupted\n");
  _exit(9);
}

static void *type_control_c(void *unused) {
  expect_text("ready\n");
  type("\x03");
  expect_text("interrupted\n");
  return unused;
}

TEST(control_C_interrupts_the_container_not_us) {
  open_user_terminal(true);
  int pid = start_in_terminal(wait_for_interrupt, false);
  pthread_t thread = start_thread(type_control_c);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 9 << 8);
  pthread_join(thread, NULL);
}

static void report_sizes(void) {
  const struct timespec often = {.tv_nsec = 50000000};
  sigset_t resized = block(SIGWINCH);
  for (;;) {
    struct winsize size;
    bool told = sigtimedwait(&resized, NULL, &often) == SIGWINCH;
    CHECK(ioctl(0, TIOCGWINSZ, &size) == 0);
    dprintf(1, "size %dx%d\n", size.ws_row, size.ws_col);
    if (told && size.ws_row == 50) _exit(0);
  }
}

static void *resize_window(void *unused) {
  struct winsize larger = {.ws_row = 50, .ws_col = 132};
  expect_text("size 33x44\n");
  CHECK(ioctl(user, TIOCSWINSZ, &larger) == 0);
  expect_text("size 50x132\n");
  return unused;
}

TEST(the_window_size_is_taken_over_and_follows) {
  struct winsize first = {.ws_row = 33, .ws_col = 44};
  open_user_terminal(true);
  CHECK(ioctl(user, TIOCSWINSZ, &first) == 0);
  int pid = start_in_terminal(report_sizes, false);
  pthread_t thread = start_thread(resize_window);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  pthread_join(thread, NULL);
}

static void fail_at_once(void) { _exit(1); }

TEST(the_mode_is_put_back_when_the_process_ends_at_once) {
  static struct termios before, after; /* static: padding that compares equal */
  open_user_terminal(true);
  CHECK(tcgetattr(ours, &before) == 0);
  int pid = start_in_terminal(fail_at_once, false);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 1 << 8);
  CHECK(tcgetattr(ours, &after) == 0);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
}

static int job; /* our own process as a job of a shell, which the test plays */

static void run_job(void) {
  setpgid(0, 0);
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  int pid = start_in_terminal(fail_at_once, false);
  _exit(kago_foreground(pid, inner, -1, -1, NULL) == 1 << 8 ? 0 : 1);
}

static int wait_for_job(int options) {
  int status;
  for (int i = 0; i < 3000; i++) {
    if (waitpid(job, &status, options | WNOHANG) == job) return status;
    usleep(10000);
  }
  return -1;
}

/* As any program in the background that touches the terminal: it stops until the shell brings it to the front. */
TEST(in_the_background_we_stop_until_we_are_in_the_foreground) {
  open_user_terminal(true);
  job = fork();
  if (job == 0) run_job();
  setpgid(job, job);
  int status = wait_for_job(WUNTRACED);
  CHECK(status >= 0 && WIFSTOPPED(status));
  CHECK(WSTOPSIG(status) == SIGTTOU || WSTOPSIG(status) == SIGTTIN);
  signal(SIGTTOU, SIG_IGN);
  CHECK(tcsetpgrp(ours, job) == 0);
  kill(-job, SIGCONT);
  EQUAL(wait_for_job(0), 0);
}
