/* The relay of a session against a socket pair: whole streams, slow readers, and a guest that lies. */
#include "../../session/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../check.h"

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
  const uint8_t much[4] = {0xff, 0xff, 0xff, 0xff}, some[8] = {1}, none[4] = {0};
  EQUAL(after_frame(FRAME_DATA, 1, "x", 1), -EPIPE);
  EQUAL(after_frame(FRAME_CREDIT, 1, much, 4), -EBADMSG);
  EQUAL(after_frame(FRAME_CREDIT, 1, some, 4), -EBADMSG);
  EQUAL(after_frame(FRAME_CREDIT, 1, none, 4), -EBADMSG); /* or it could be sent without end */
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

static int told_exit = -1;

static int take_exit(void *self, const struct frame *frame) {
  (void)self;
  if (frame->type != FRAME_EXIT) return -EBADMSG;
  told_exit = (int)read_le32(frame->payload);
  return 0;
}

enum { PIECE = 12000, PIECES = 3 };

/* Most of a window, and an exit code, but no END; then what is no frame, or nothing. */
static void send_last_words(int wire, bool malformed) {
  static uint8_t bytes[FRAME_HEADER + PIECE];
  for (size_t piece = 0; piece < PIECES; piece++) {
    frame_header(bytes, FRAME_DATA, 1, PIECE);
    for (size_t i = 0; i < PIECE; i++) bytes[FRAME_HEADER + i] = pattern(piece * PIECE + i);
    CHECK(write(wire, bytes, sizeof bytes) == sizeof bytes);
  }
  frame_header(bytes, FRAME_EXIT, 0, 4);
  write_le32(bytes + FRAME_HEADER, 41);
  CHECK(write(wire, bytes, FRAME_HEADER + 4) == FRAME_HEADER + 4);
  memset(bytes, 0xff, FRAME_HEADER);
  if (malformed) CHECK(write(wire, bytes, FRAME_HEADER) == FRAME_HEADER);
}

/* Steps until all is written, as a session does: how many they were. */
static int pump_past_the_end(struct pump *p) {
  struct pollfd fds[PUMP_POLLS];
  int steps = 0, failed = 0;
  for (; told_exit < 0 || !pump_is_drained(p); steps++) {
    pump_watch(p, fds);
    CHECK(poll(fds, PUMP_POLLS, 20000) > 0);
    if (pump_step(p, fds, take_exit, NULL) == 0) continue;
    EQUAL(told_exit, 41);
    pump_end(p);
    failed++;
  }
  EQUAL(failed, 1);
  return steps;
}

/* What `fd` has to say in one frame, whose header is returned. */
static struct frame next_frame(int fd) {
  static uint8_t bytes[FRAME_HEADER + FRAME_MAX];
  struct frame frame = {0};
  EQUAL(recv(fd, bytes, FRAME_HEADER, MSG_WAITALL), FRAME_HEADER);
  EQUAL(frame_parse(bytes, &frame, FRAME_MAX), 0);
  EQUAL(recv(fd, bytes + FRAME_HEADER, frame.size, frame.size ? MSG_WAITALL : MSG_DONTWAIT),
        frame.size ? (int)frame.size : -1);
  return frame;
}

static int any_frame(void *self, const struct frame *frame) {
  *(int *)self = frame->type;
  return 0;
}

static void step_once(struct pump *p, int *seen) {
  struct pollfd fds[PUMP_POLLS];
  pump_watch(p, fds);
  CHECK(poll(fds, PUMP_POLLS, 20000) > 0);
  EQUAL(pump_step(p, fds, any_frame, seen), 0);
}

static void tell_broken(int sink) {
  static struct pump p;
  int wire[2], seen = 0;
  uint8_t bytes[FRAME_HEADER + 1] = {0};
  signal(SIGPIPE, SIG_IGN);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
  pump_init(&p, wire[0]);
  pump_add_sink(&p, 1, sink, 4096);
  frame_header(bytes, FRAME_DATA, 1, 1);
  EQUAL(send(wire[1], bytes, sizeof bytes, 0), (int)sizeof bytes);
  step_once(&p, &seen); /* takes it */
  step_once(&p, &seen); /* writes it */
  struct frame frame = next_frame(wire[1]);
  EQUAL(frame.type, FRAME_CLOSED);
  EQUAL(frame.stream, 1);
  CHECK(pump_is_drained(&p));
  close(wire[0]);
  close(wire[1]);
}

/* A packet of a guest that is larger may be lost. */
TEST(what_is_queued_leaves_in_packets_of_one_frame_at_most) {
  static struct pump p;
  static uint8_t payload[FRAME_MAX], packet[4 * FRAME_MAX];
  int wire[2], total = 0;
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire) == 0);
  pump_init(&p, wire[0]);
  for (int i = 0; i < 3; i++) EQUAL(pump_send(&p, FRAME_DATA, 1, payload, FRAME_MAX), 0);
  EQUAL(pump_flush(&p), 0);
  for (ssize_t n; (n = recv(wire[1], packet, sizeof packet, MSG_DONTWAIT)) > 0; total += (int)n) {
    CHECK(n <= FRAME_HEADER + FRAME_MAX);
  }
  EQUAL(total, 3 * (FRAME_HEADER + FRAME_MAX));
  close(wire[0]), close(wire[1]);
}

TEST(a_reader_that_has_gone_is_told_to_the_other_side) {
  int out[2];
  CHECK(pipe(out) == 0);
  close(out[0]);
  tell_broken(out[1]);
}

TEST(a_full_device_is_told_to_the_other_side) { tell_broken(open("/dev/full", O_WRONLY)); }

TEST(a_writer_hears_that_the_other_sides_reader_has_gone) {
  static struct pump p;
  int wire[2], in[2], seen = 0;
  uint8_t header[FRAME_HEADER];
  signal(SIGPIPE, SIG_IGN);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0 && pipe(in) == 0);
  pump_init(&p, wire[0]);
  pump_add_source(&p, 2, in[0]);
  frame_header(header, FRAME_CLOSED, 2, 0);
  EQUAL(send(wire[1], header, sizeof header, 0), (int)sizeof header);
  step_once(&p, &seen);
  EQUAL(seen, FRAME_CLOSED);
  EQUAL(write(in[1], "x", 1), -1);
  EQUAL(errno, EPIPE);
  EQUAL(next_frame(wire[1]).type, FRAME_END);
}

/* With a reader that takes its time, and an input that does not end. */
static void end_early(bool malformed, bool with_output) {
  static struct pump p;
  static unsigned char bytes[PIECE * PIECES];
  int wire[2], in[2], out[2];
  told_exit = -1;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0 && pipe(in) == 0 && pipe(out) == 0);
  CHECK(fcntl(out[1], F_SETPIPE_SZ, 4096) == 4096);
  send_last_words(wire[1], malformed);
  if (!malformed) close(wire[1]);
  pid_t reader = fork();
  if (reader == 0) {
    close(out[1]);
    usleep(200000);
    _exit(read_pattern(out[0], true) != sizeof bytes);
  }
  close(out[0]);
  pump_init(&p, wire[0]);
  pump_add_source(&p, 0, in[0]);
  pump_add_sink(&p, 1, out[1], 4096);
  pump_add_sink(&p, 2, open("/dev/null", O_WRONLY), 4096);
  if (with_output) pump_send(&p, FRAME_RESIZE, 0, "sizesize", 8);
  CHECK(pump_past_the_end(&p) < 100);
  int status;
  CHECK(waitpid(reader, &status, 0) == reader);
  EQUAL(status, 0);
  CHECK(pump_send(&p, FRAME_BYE, 0, NULL, 0) == 0 && pump_flush(&p) == 0);
  if (malformed) close(wire[1]);
  close(wire[0]), close(in[1]);
}

TEST(a_connection_that_ends_after_the_exit_code_costs_a_slow_reader_nothing) { end_early(false, false); }

TEST(a_connection_that_takes_nothing_any_more_is_read_to_its_end) { end_early(false, true); }

TEST(a_malformed_frame_after_the_exit_code_costs_a_slow_reader_nothing) { end_early(true, false); }

TEST(a_connection_that_ends_after_the_exit_code_with_nothing_to_write_is_the_end) {
  static struct pump p;
  uint8_t bytes[FRAME_HEADER + 4];
  int wire[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, wire) == 0);
  frame_header(bytes, FRAME_EXIT, 0, 4);
  write_le32(bytes + FRAME_HEADER, 41);
  CHECK(write(wire[1], bytes, sizeof bytes) == sizeof bytes);
  close(wire[1]);
  pump_init(&p, wire[0]);
  pump_add_sink(&p, 1, open("/dev/null", O_WRONLY), 4096);
  CHECK(pump_past_the_end(&p) < 5);
  close(wire[0]);
}
