/* Moves the streams of one session between local descriptors and a connection, the same on both sides: what is read
 * becomes DATA as far as the other side's credit goes, and what comes as DATA is written as fast as its reader takes it.
 * It knows nothing of processes and terminals. */
#ifndef KAGO_PUMP_H
#define KAGO_PUMP_H

#include <poll.h>
#include <stdbool.h>

#include "frame.h"

struct source {
  int fd;          /* -1: ended, or none */
  bool socket;     /* one whose two directions end one by one */
  bool refused;    /* it sent descriptors, which cannot go through a VM */
  uint32_t credit; /* what the other side still takes */
};

struct sink {
  int fd;         /* -1: closed, or none */
  bool socket;
  bool ending;    /* END has come */
  uint32_t owed;  /* credit to be given back */
  size_t most;    /* of one write */
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

/* All streams absent; the wire becomes non-blocking. */
void pump_init(struct pump *p, int wire);
void pump_add_source(struct pump *p, int stream, int fd);
/* Never more than `most` bytes at once: PIPE_BUF for a descriptor that blocks, which others may have open too. */
void pump_add_sink(struct pump *p, int stream, int fd, size_t most);

/* Takes a stream socket over, both ways: half-closes go through, and a sender whose reader has gone is told. It must not block.
 * 0 or -errno, and then it is closed. */
int pump_add_socket(struct pump *p, int stream, int fd);

/* Is a stream over in both directions, with all of it delivered? */
bool pump_is_over(const struct pump *p, int stream);

/* What to poll for. */
void pump_watch(const struct pump *p, struct pollfd fds[PUMP_POLLS]);

/* One step after poll(2): 0, or -errno when the connection is at its end (-EPIPE) or broken. `handle` gets every frame
 * that is not of a stream, and CLOSED, after which the stream's source has ended; what it returns below 0 ends the step. */
int pump_step(struct pump *p, const struct pollfd fds[PUMP_POLLS], int (*handle)(void *self, const struct frame *frame),
              void *self);

/* After a step that failed: no more comes or goes, and steps from now on write what has come to its sinks, whose end this
 * is. The connection stays the caller's to close. */
void pump_end(struct pump *p);

/* The part of a step that is about what has been read: takes every whole frame in `in`. */
int pump_take(struct pump *p, int (*handle)(void *self, const struct frame *frame), void *self);

/* Queues a frame: 0, or -ENOBUFS when the other side takes nothing any more. */
int pump_send(struct pump *p, enum frame_type type, uint8_t stream, const void *payload, uint32_t size);

/* Sends what is queued, as far as the connection takes it: 0 or -EPIPE. */
int pump_flush(struct pump *p);

/* Reads what a source, which must not block, still has, and says its END: for a process that has ended. True when that is
 * done. */
bool pump_finish_source(struct pump *p, int stream);

/* Is there nothing of the other side's left to be written? */
bool pump_is_drained(const struct pump *p);
#endif
