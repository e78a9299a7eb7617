/* kago_foreground() with pipes around it and much to relay: nothing is lost, nothing waits for ever. */
#include "../../common/clock.h"
#include "../check.h"
#include "../terminal_fixture.h"

enum { MUCH = 1 << 20 };

static int input[2], output[2];

/* Our standard input and output become pipes, whose other ends the test's threads hold. */
static void open_pipes(void) {
  CHECK(pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0);
  dup2(input[0], 0);
  dup2(output[1], 1);
  close(input[0]);
  close(output[1]);
  signal(SIGPIPE, SIG_IGN);
}

static pthread_t start_thread(void *(*run)(void *)) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
  return thread;
}

static uint8_t pattern(size_t at) { return (uint8_t)(at * 31 + at / 251); }

static void print_much(void) {
  static uint8_t block[4096];
  for (size_t at = 0; at < MUCH; at += sizeof block) {
    for (size_t i = 0; i < sizeof block; i++) block[i] = pattern(at + i);
    for (size_t done = 0; done < sizeof block;) {
      ssize_t n = write(1, block + done, sizeof block - done);
      CHECK(n > 0);
      done += (size_t)n;
    }
  }
}

static atomic_size_t received;

static void *read_pattern(void *unused) {
  static uint8_t block[65536];
  for (ssize_t n; (n = read(output[0], block, sizeof block)) > 0;) {
    size_t at = atomic_load(&received);
    for (ssize_t i = 0; i < n; i++) CHECK(block[i] == pattern(at + (size_t)i));
    atomic_fetch_add(&received, (size_t)n);
  }
  return unused;
}

static void *read_pattern_slowly(void *unused) {
  usleep(300000);
  return read_pattern(unused);
}

static void finish_reading(pthread_t reader) {
  dup2(2, 1); /* the last writer of the pipe is gone */
  pthread_join(reader, NULL);
}

TEST(what_was_written_before_the_end_is_not_lost) {
  open_pipes();
  int pid = start_in_terminal(print_much, true);
  pthread_t reader = start_thread(read_pattern);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  finish_reading(reader);
  EQUAL(atomic_load(&received), MUCH);
}

TEST(a_slow_reader_gets_everything) {
  open_pipes();
  int pid = start_in_terminal(print_much, true);
  pthread_t reader = start_thread(read_pattern_slowly);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  finish_reading(reader);
  EQUAL(atomic_load(&received), MUCH);
}

static void fill_pattern(uint8_t *block, size_t size, size_t at) {
  for (size_t i = 0; i < size; i++) block[i] = pattern(at + i);
}

static void *type_much(void *unused) {
  static uint8_t block[4096];
  for (size_t at = 0; at < MUCH; at += sizeof block) {
    fill_pattern(block, sizeof block, at);
    for (size_t done = 0; done < sizeof block;) {
      ssize_t n = write(input[1], block + done, sizeof block - done);
      CHECK(n > 0);
      done += (size_t)n;
    }
  }
  return unused;
}

/* Gives back what it reads, and reads nothing while what it gives back is not taken. */
static void echo_much(void) {
  static uint8_t block[65536];
  for (size_t total = 0; total < MUCH;) {
    ssize_t n = read(0, block, sizeof block);
    CHECK(n > 0);
    for (ssize_t done = 0; done < n;) {
      ssize_t written = write(1, block + done, (size_t)(n - done));
      CHECK(written > 0);
      done += written;
    }
    total += (size_t)n;
  }
}

/* A long paste: were the relay to wait for the container to read, while the container waits for it, nobody moved. */
TEST(much_input_and_output_at_once_do_not_wait_for_each_other) {
  open_pipes();
  int pid = start_in_terminal(echo_much, true);
  pthread_t reader = start_thread(read_pattern);
  start_thread(type_much);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  finish_reading(reader);
  EQUAL(atomic_load(&received), MUCH);
}

static void print_for_ever(void) {
  for (;;) print_much();
}

static int container;
static atomic_bool ended;

static void *end_then_read(void *unused) {
  static uint8_t block[65536];
  int pidfd = kago_pidfd_open(container);
  usleep(300000); /* until the pipe is full */
  for (int i = 0; i < 200 && !atomic_load(&ended); i++) {
    kill(getpid(), SIGTERM);
    atomic_store(&ended, pidfd_wait(pidfd, 100) == 1);
  }
  if (!atomic_load(&ended)) kill(container, SIGKILL);
  while (read(output[0], block, sizeof block) > 0) continue;
  return unused;
}

TEST(signals_are_forwarded_while_nobody_reads_the_output) {
  open_pipes();
  container = start_in_terminal(print_for_ever, true);
  signal(SIGTERM, SIG_IGN); /* while there is nobody to forward it */
  pthread_t reader = start_thread(end_then_read);
  int status = kago_foreground(container, inner, -1, -1, NULL);
  finish_reading(reader);
  CHECK(atomic_load(&ended));
  EQUAL(status, SIGTERM);
}

static void say_late(void) {
  usleep(300000);
  print_much();
}

TEST(the_end_of_the_input_does_not_end_the_output) {
  open_pipes();
  close(input[1]);
  int pid = start_in_terminal(say_late, true);
  pthread_t reader = start_thread(read_pattern);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 0);
  finish_reading(reader);
  EQUAL(atomic_load(&received), MUCH);
}

static void say_little_and_end(void) {
  dprintf(1, "little");
  usleep(100000);
  _exit(4);
}

TEST(a_reader_that_is_gone_does_not_keep_us_from_ending) {
  open_pipes();
  close(output[0]);
  int pid = start_in_terminal(say_little_and_end, true);
  EQUAL(kago_foreground(pid, inner, -1, -1, NULL), 4 << 8);
}
