/* The relay of a session against a socket pair: whole streams, slow readers, and a guest that lies. */
#include "../pump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { SIZE = 20 << 20 };

/* A gibibyte takes the sanitizers a minute. */
#ifdef __SANITIZE_ADDRESS__
static const size_t HUGE_SIZE = 128u << 20;
#else
static const size_t HUGE_SIZE = 1u << 30;
#endif

static size_t total = SIZE;

static int no_others(void *self, const struct frame *frame) {
  (void)self;
  return frame->type == FRAME_BYE ? -ECANCELED : -EBADMSG;
}

/* Pumps until the connection ends, all is drained, or a step fails: that step's result, or 0. */
static int pump_all(struct pump *p, bool until_drained) {
  struct pollfd fds[PUMP_POLLS];
  for (;;) {
    pump_watch(p, fds);
    if (poll(fds, PUMP_POLLS, 20000) <= 0) return -ETIMEDOUT;
    int result = pump_step(p, fds, no_others, NULL);
    if (result < 0) return result;
    if (until_drained && pump_is_drained(p)) return 0;
  }
}

static unsigned char pattern(size_t at) { return (unsigned char)(at * 31 + (at >> 13)); }

static void write_pattern(int fd) {
  static unsigned char bytes[50000];
  for (size_t at = 0; at < total;) {
    size_t n = total - at < sizeof bytes ? total - at : sizeof bytes;
    for (size_t i = 0; i < n; i++) bytes[i] = pattern(at + i);
    for (size_t done = 0; done < n;) done += (size_t)write(fd, bytes + done, n - done);
    at += n;
  }
}

/* How much of the pattern came, in pieces of odd sizes and with pauses. */
static size_t read_pattern(int fd, bool slow) {
  static unsigned char bytes[7777];
  size_t at = 0;
  for (ssize_t n; (n = read(fd, bytes, slow ? 333 : sizeof bytes)) > 0;) {
    for (ssize_t i = 0; i < n; i++) {
      if (bytes[i] != pattern(at + (size_t)i)) return 0;
    }
    at += (size_t)n;
    if (slow && at % 64 == 0) usleep(10);
  }
  return at;
}

/* A whole session's worth through two pumps: a writer, a pump in a process of its own, ours, a reader. */
static size_t transfer(bool slow) {
  static struct pump p;
  int wire[2], in[2], out[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0 && pipe(in) == 0 && pipe(out) == 0);
  pid_t writer = fork();
  if (writer == 0) {
    close(in[0]);
    write_pattern(in[1]);
    _exit(0);
  }
  close(in[1]);
  pid_t sender = fork();
  if (sender == 0) {
    close(wire[0]);
    pump_init(&p, wire[1]);
    pump_add_source(&p, 1, in[0]);
    pump_all(&p, false);
    _exit(0);
  }
  close(in[0]);
  close(wire[1]);
  pid_t receiver = fork();
  if (receiver == 0) {
    close(out[0]);
    pump_init(&p, wire[0]);
    pump_add_sink(&p, 1, out[1], 4096);
    _exit(pump_all(&p, true) != 0);
  }
  close(wire[0]);
  close(out[1]);
  size_t size = read_pattern(out[0], slow);
  close(out[0]);
  for (int i = 0; i < 3; i++) wait(NULL);
  (void)receiver;
  return size;
}

TEST(a_stream_of_20_mebibytes_arrives_whole) { CHECK(transfer(false) == SIZE); }

TEST(a_stream_of_a_gibibyte_arrives_whole) {
  total = HUGE_SIZE;
  CHECK(transfer(false) == HUGE_SIZE);
}

TEST(a_slow_reader_gets_every_byte) { CHECK(transfer(true) == SIZE); }

/* What our side does when the other sends these bytes and no more. */
static int after(const void *bytes, size_t size) {
  static struct pump p;
  int wire[2], sink = open("/dev/null", O_WRONLY);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
  pump_init(&p, wire[0]);
  pump_add_sink(&p, 1, sink, 4096);
  CHECK(write(wire[1], bytes, size) == (ssize_t)size);
  shutdown(wire[1], SHUT_WR);
  int result = pump_all(&p, false);
  for (int i = 0; i < STREAMS; i++) {
    if (p.sinks[i].fd >= 0) close(p.sinks[i].fd);
  }
  close(wire[0]);
  close(wire[1]);
  return result;
}

static int after_frame(enum frame_type type, uint8_t stream, const void *payload, uint32_t size) {
  uint8_t bytes[FRAME_HEADER + 64];
  frame_header(bytes, type, stream, size);
  if (size) memcpy(bytes + FRAME_HEADER, payload, size);
  return after(bytes, FRAME_HEADER + size);
}

TEST(frames_that_are_not_of_their_form_and_credit_that_nobody_gave_end_the_connection) {
  const uint8_t much[4] = {0xff, 0xff, 0xff, 0xff}, some[8] = {1};
  EQUAL(after_frame(FRAME_DATA, 1, "x", 1), -EPIPE);
  EQUAL(after_frame(FRAME_CREDIT, 1, much, 4), -EBADMSG);
  EQUAL(after_frame(FRAME_CREDIT, 1, some, 4), -EBADMSG);
  EQUAL(after_frame(FRAME_DATA, 1, "x", 0), -EBADMSG);
  EQUAL(after_frame(FRAME_DATA, 3, "x", 1), -EBADMSG);
  EQUAL(after_frame(FRAME_EXIT, 0, some, 8), -EBADMSG);
  EQUAL(after_frame(FRAME_TYPES, 0, NULL, 0), -EBADMSG);
  EQUAL(after_frame(FRAME_BYE, 0, NULL, 0), -ECANCELED);
  EQUAL(after("\x09\x01\x00\x00\xff\xff\xff\x7f", 8), -EBADMSG);
  EQUAL(after("\x09\x01\x01\x00\x01\x00\x00\x00x", 9), -EBADMSG);
}

TEST(a_sender_that_ignores_the_credit_is_cut_off) {
  static struct pump p;
  static uint8_t frame[FRAME_HEADER + FRAME_MAX];
  int wire[2], full[2], result = 0;
  struct pollfd fds[PUMP_POLLS];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0 && pipe(full) == 0);
  pump_init(&p, wire[0]);
  pump_add_sink(&p, 1, full[1], 4096);
  frame_header(frame, FRAME_DATA, 1, FRAME_MAX);
  fcntl(full[1], F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 100 && result == 0; i++) {
    CHECK(write(wire[1], frame, sizeof frame) == sizeof frame);
    pump_watch(&p, fds);
    poll(fds, PUMP_POLLS, 1000);
    result = pump_step(&p, fds, no_others, NULL);
  }
  EQUAL(result, -EBADMSG);
  close(wire[0]), close(wire[1]), close(full[0]), close(full[1]);
}
