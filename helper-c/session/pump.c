#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"

/* Credit is returned in portions: many small ones would fill the connection with CREDIT frames. */
enum { PORTION = WINDOW / 4 };

/* Operations on the wire never block, whatever other processes that share it do to it. */
void pump_init(struct pump *p, int wire) {
  p->wire = wire;
  p->in.start = p->in.end = p->out_start = p->out_end = 0;
  for (int i = 0; i < STREAMS; i++) {
    struct sink *sink = &p->sinks[i];
    p->sources[i] = (struct source){.fd = -1, .credit = WINDOW};
    /* The buffer is not cleared: there may be hundreds of pumps, and unwritten pages take no memory. */
    sink->fd = -1;
    sink->socket = sink->ending = false;
    sink->owed = 0;
    sink->most = sink->start = sink->end = 0;
  }
}

void pump_add_source(struct pump *p, int stream, int fd) { p->sources[stream].fd = fd; }

void pump_add_sink(struct pump *p, int stream, int fd, size_t most) {
  p->sinks[stream].fd = fd;
  p->sinks[stream].most = most;
}

int pump_add_socket(struct pump *p, int stream, int fd) {
  int second = as_result(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (second < 0) {
    close(fd);
    return second;
  }
  pump_add_source(p, stream, fd);
  pump_add_sink(p, stream, second, WINDOW);
  p->sources[stream].socket = p->sinks[stream].socket = true;
  return 0;
}

bool pump_is_over(const struct pump *p, int stream) {
  return p->sources[stream].fd < 0 && p->sinks[stream].fd < 0 && p->sinks[stream].ending;
}

static size_t out_room(const struct pump *p) { return sizeof p->out - (p->out_end - p->out_start); }

int pump_send(struct pump *p, enum frame_type type, uint8_t stream, const void *payload, uint32_t size) {
  if (out_room(p) < FRAME_HEADER + size) return -ENOBUFS;
  if (sizeof p->out - p->out_end < FRAME_HEADER + size) {
    memmove(p->out, p->out + p->out_start, p->out_end - p->out_start);
    p->out_end -= p->out_start;
    p->out_start = 0;
  }
  frame_header(p->out + p->out_end, type, stream, size);
  if (size) memcpy(p->out + p->out_end + FRAME_HEADER, payload, size);
  p->out_end += FRAME_HEADER + size;
  return 0;
}

/* Room for a whole frame, and a reserve for credit and other small frames. */
static bool can_read(const struct pump *p, const struct source *source) {
  return source->fd >= 0 && source->credit > FRAME_COST && out_room(p) > 2 * (FRAME_HEADER + FRAME_MAX);
}

void pump_watch(const struct pump *p, struct pollfd fds[PUMP_POLLS]) {
  fds[0] = (struct pollfd){.fd = p->wire, .events = (short)(POLLIN | (p->out_end > p->out_start ? POLLOUT : 0))};
  for (int i = 0; i < STREAMS; i++) {
    const struct sink *sink = &p->sinks[i];
    fds[1 + i] = (struct pollfd){.fd = can_read(p, &p->sources[i]) ? p->sources[i].fd : -1, .events = POLLIN};
    fds[1 + STREAMS + i] = (struct pollfd){.fd = sink->start < sink->end ? sink->fd : -1, .events = POLLOUT};
  }
}

static bool again(void) { return errno == EAGAIN || errno == EINTR; }

static void end_source(struct pump *p, int stream) {
  close(p->sources[stream].fd);
  p->sources[stream].fd = -1;
  pump_send(p, FRAME_END, (uint8_t)stream, NULL, 0);
}

/* A process on the other side of a VM cannot use a descriptor, and would wait for its effect. */
static ssize_t read_socket(struct source *source, uint8_t *bytes, size_t size) {
  int passed, n = socket_receive(source->fd, bytes, size, MSG_DONTWAIT, &passed);
  if (n < 0) errno = -n;
  if (passed < 0) return n < 0 ? -1 : n;
  close(passed);
  source->refused = true;
  shutdown(source->fd, SHUT_RDWR);
  return 0;
}

static ssize_t read_bytes(struct source *source, uint8_t *bytes, size_t size) {
  return source->socket ? read_socket(source, bytes, size) : read(source->fd, bytes, size);
}

/* One read: its size, 0 if there is no data or no credit now, -1 at the end. */
static ssize_t read_source(struct pump *p, int stream) {
  uint8_t bytes[FRAME_MAX]; /* on the stack: a VMM has pumps in several threads */
  struct source *source = &p->sources[stream];
  if (!can_read(p, source)) return 0;
  size_t most = source->credit - FRAME_COST;
  ssize_t n = read_bytes(source, bytes, most < sizeof bytes ? most : sizeof bytes);
  if (n < 0 && again()) return 0;
  if (n <= 0) { /* a terminal whose other side is closed returns EIO */
    end_source(p, stream);
    return -1;
  }
  source->credit -= (uint32_t)n + FRAME_COST;
  pump_send(p, FRAME_DATA, (uint8_t)stream, bytes, (uint32_t)n);
  return n;
}

bool pump_finish_source(struct pump *p, int stream) {
  struct source *source = &p->sources[stream];
  if (source->fd < 0) return true;
  for (;;) {
    if (!can_read(p, source)) return false;
    ssize_t n = read_source(p, stream);
    if (n < 0) return true;
    if (n == 0) break;
  }
  end_source(p, stream);
  return true;
}

/* Data that still arrives is dropped, and its credit returned. */
static void close_sink(struct pump *p, int stream) {
  struct sink *sink = &p->sinks[stream];
  sink->owed += (uint32_t)(sink->end - sink->start);
  sink->start = sink->end = 0;
  if (sink->fd < 0) return;
  if (sink->socket && sink->ending) shutdown(sink->fd, SHUT_WR);
  close(sink->fd);
  sink->fd = -1;
}

/* The reader has gone, so the other side's writer gets an error as from a pipe. */
static void break_sink(struct pump *p, int stream) {
  close_sink(p, stream);
  pump_send(p, FRAME_CLOSED, (uint8_t)stream, NULL, 0);
}

static ssize_t write_bytes(const struct sink *sink, size_t size) {
  const uint8_t *at = sink->bytes + sink->start;
  return sink->socket ? send(sink->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT) : write(sink->fd, at, size);
}

static void pay(struct pump *p, int stream) {
  struct sink *sink = &p->sinks[stream];
  uint8_t amount[4];
  if (sink->owed < PORTION) return;
  write_le32(amount, sink->owed);
  if (pump_send(p, FRAME_CREDIT, (uint8_t)stream, amount, sizeof amount) == 0) sink->owed = 0;
}

static void write_sink(struct pump *p, int stream, bool ready) {
  struct sink *sink = &p->sinks[stream];
  size_t size = sink->end - sink->start;
  if (ready && sink->fd >= 0 && size > 0) {
    ssize_t n = write_bytes(sink, size < sink->most ? size : sink->most);
    if (n > 0) {
      sink->start += (size_t)n;
      sink->owed += (uint32_t)n;
    } else if (!again()) break_sink(p, stream);
  }
  if (sink->start == sink->end) {
    sink->start = sink->end = 0;
    if (sink->ending) close_sink(p, stream);
  }
  pay(p, stream);
}

/* More data than the credit allows is a protocol violation. */
static int take_data(struct pump *p, const struct frame *frame) {
  struct sink *sink = &p->sinks[frame->stream];
  if (sink->ending) return -EBADMSG;
  sink->owed += FRAME_COST;
  if (sink->fd < 0) {
    sink->owed += frame->size;
    return 0;
  }
  if (sink->end + frame->size > sizeof sink->bytes) {
    memmove(sink->bytes, sink->bytes + sink->start, sink->end - sink->start);
    sink->end -= sink->start;
    sink->start = 0;
  }
  if (sink->end + frame->size > sizeof sink->bytes) return -EBADMSG;
  memcpy(sink->bytes + sink->end, frame->payload, frame->size);
  sink->end += frame->size;
  return 0;
}

static int take_credit(struct pump *p, const struct frame *frame) {
  struct source *source = &p->sources[frame->stream];
  uint32_t amount = read_le32(frame->payload);
  /* A frame without credit is useless, and could be repeated endlessly. */
  if (amount == 0 || amount > WINDOW || source->credit + amount > WINDOW) return -EBADMSG;
  source->credit += amount;
  return 0;
}

/* The writer of a socket sees it as if the reader had closed. */
static void take_closed(struct pump *p, int stream) {
  struct source *source = &p->sources[stream];
  if (source->fd < 0) return;
  if (source->socket) shutdown(source->fd, SHUT_RD);
  end_source(p, stream);
}

static int take(struct pump *p, const struct frame *frame, int (*handle)(void *, const struct frame *), void *self) {
  switch (frame->type) {
    case FRAME_DATA: return take_data(p, frame);
    case FRAME_CREDIT: return take_credit(p, frame);
    case FRAME_END: {
      struct sink *sink = &p->sinks[frame->stream];
      if (sink->ending) return -EBADMSG;
      sink->ending = true;
      return 0;
    }
    case FRAME_CLOSED: take_closed(p, frame->stream); return handle(self, frame);
    default: return handle(self, frame);
  }
}

int pump_take(struct pump *p, int (*handle)(void *self, const struct frame *frame), void *self) {
  struct frame frame;
  int result;
  while ((result = frame_next(&p->in, &frame)) == 1) {
    result = take(p, &frame, handle, self);
    if (result < 0) return result;
  }
  return result;
}

/* One read: 1 if there was data, 0 if there is none now, -errno at the end. */
static int read_wire(struct pump *p, int (*handle)(void *, const struct frame *), void *self) {
  size_t room;
  uint8_t *at = frame_room(&p->in, &room);
  ssize_t n = recv(p->wire, at, room, MSG_DONTWAIT);
  if (n < 0 && again()) return 0;
  if (n <= 0) return -EPIPE;
  p->in.end += (size_t)n;
  int result = pump_take(p, handle, self);
  return result < 0 ? result : 1;
}

/* From a guest each send(2) is one packet. A packet of 32 KiB or more may lie in several buffers of the guest's kernel
 * (since Linux 6.17, and in stable kernels of that time); libkrun before 1.19 then drops it, with whole frames in it. */
enum { PACKET_MAX = FRAME_HEADER + FRAME_MAX };

int pump_flush(struct pump *p) {
  if (p->wire < 0) p->out_start = p->out_end;
  while (p->out_start < p->out_end) {
    size_t size = p->out_end - p->out_start;
    ssize_t n =
        send(p->wire, p->out + p->out_start, size < PACKET_MAX ? size : PACKET_MAX, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return again() ? 0 : -EPIPE;
    p->out_start += (size_t)n;
  }
  p->out_start = p->out_end = 0;
  return 0;
}

int pump_step(struct pump *p, const struct pollfd fds[PUMP_POLLS], int (*handle)(void *self, const struct frame *frame),
              void *self) {
  int result = fds[0].revents ? read_wire(p, handle, self) : 0;
  if (result < 0) return result;
  for (int i = 0; i < STREAMS; i++) {
    if (fds[1 + i].revents) read_source(p, i);
    write_sink(p, i, fds[1 + STREAMS + i].revents);
  }
  if (pump_flush(p) == 0) return 0;
  /* The other side may have sent data before it closed the connection, which is still to be read. */
  while ((result = read_wire(p, handle, self)) > 0) continue;
  return result < 0 ? result : -EPIPE;
}

void pump_end(struct pump *p) {
  p->wire = -1;
  for (int i = 0; i < STREAMS; i++) {
    if (p->sources[i].fd >= 0) close(p->sources[i].fd);
    p->sources[i].fd = -1;
    p->sinks[i].ending = true;
    write_sink(p, i, false); /* an empty sink would not be polled, and never closed */
  }
}

bool pump_is_drained(const struct pump *p) {
  for (int i = 0; i < STREAMS; i++) {
    if (p->sinks[i].fd >= 0) return false;
  }
  return true;
}
