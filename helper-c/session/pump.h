/* Moves the streams of one session between local descriptors and a connection, in the same way on both sides: input
 * becomes DATA, within the other side's credit, and arriving DATA is written as fast as its reader accepts it.
 * Processes and terminals are not its concern. */
#ifndef KAGO_PUMP_H
#define KAGO_PUMP_H

#include <poll.h>
#include <stdbool.h>

#include "frame.h"

struct source {
  int fd;          /* -1: ended, or none */
  bool socket;     /* its two directions are closed independently */
  bool refused;    /* it sent descriptors, which cannot go through a VM */
  uint32_t credit; /* bytes that the other side still accepts */
};

struct sink {
  int fd;         /* -1: closed, or none */
  bool socket;
  bool ending;    /* END has arrived */
  uint32_t owed;  /* credit to be returned */
  size_t most;    /* per write */
  size_t start, end;
  uint8_t bytes[WINDOW];
};

struct pump {
  int wire; /* -1: ended */
  struct source sources[STREAMS];
  struct sink sinks[STREAMS];
  struct frame_reader in;
  size_t out_start, out_end;
  uint8_t out[4 * (FRAME_HEADER + FRAME_MAX)];
};

enum { PUMP_POLLS = 1 + 2 * STREAMS };

/* Without any streams; the wire becomes non-blocking. */
void pump_init(struct pump *p, int wire);
void pump_add_source(struct pump *p, int stream, int fd);
/* Writes at most `most` bytes at once: PIPE_BUF for a blocking descriptor, which other processes may share. */
void pump_add_sink(struct pump *p, int stream, int fd, size_t most);

/* Takes over a stream socket, for both directions: half-closes are passed on, and a sender whose reader has closed gets
 * EPIPE. The socket must be non-blocking. 0, or -errno after closing it. */
int pump_add_socket(struct pump *p, int stream, int fd);

/* Has a stream ended in both directions, with all data delivered? */
bool pump_is_over(const struct pump *p, int stream);

/* What to poll for. */
void pump_watch(const struct pump *p, struct pollfd fds[PUMP_POLLS]);

/* One step after poll(2): 0, or -errno if the connection has ended (-EPIPE) or is broken. `handle` gets every frame
 * that belongs to no stream, and CLOSED, after which the stream's source has ended; if it returns a negative value,
 * the step ends. */
int pump_step(struct pump *p, const struct pollfd fds[PUMP_POLLS], int (*handle)(void *self, const struct frame *frame),
              void *self);

/* After a failed step: ends the connection; later steps only write what has arrived to the sinks, then close them. The
 * caller closes the connection. */
void pump_end(struct pump *p);

/* The part of a step that handles input: processes every complete frame in `in`. */
int pump_take(struct pump *p, int (*handle)(void *self, const struct frame *frame), void *self);

/* Queues a frame: 0, or -ENOBUFS when the other side no longer reads. */
int pump_send(struct pump *p, enum frame_type type, uint8_t stream, const void *payload, uint32_t size);

/* Sends what is queued, without blocking: 0 or -EPIPE. */
int pump_flush(struct pump *p);

/* For a process that has ended: reads the rest of a source, which must be non-blocking, and sends END. True when
 * done. */
bool pump_finish_source(struct pump *p, int stream);

/* Has everything from the other side been written? */
bool pump_is_drained(const struct pump *p);
#endif
