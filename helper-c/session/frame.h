/* The protocol between the host and the guest agent: a connection is a sequence of frames. Each side assumes that the
 * other is hostile: lengths are checked before anything is read, and a malformed frame ends the connection.
 *
 *   host                                    agent
 *    |-- connect -------------------------->|
 *    |<------------------------- HELLO -----|
 *    |-- SIGNAL, FIGURES, PROCESSES, LIMITS ->|  one of them, after which the connection ends
 *    |<------------------------- REPLY -----|
 *    |-- EXEC ----------------------------->|  a plan (runtime/plan/encode.ts)
 *    |<------------------ FAILED, STARTED --|
 *    |<-- DATA, END, CREDIT, CLOSED, in both directions, RESIZE and SIGNAL from the host ->|
 *    |<------------------------- EXIT ------|  after the END of its streams
 *    |-- BYE ------------------------------>|  all data has arrived: only now may the connection be closed
 *    |-- SOCKET --------------------------->|  waits for a process of the guest to connect to a socket in its volumes
 *    |<------------------------ STARTED ----|  one has; now the host connects to the real socket
 *    |<-- DATA, END, CREDIT and CLOSED of stream 0, in both directions; BYE from each when all of it is over ->|
 *    |-- CLOSED, instead, at any time ----->|  nobody will listen on the real socket again, nor the agent
 *    |<---------------------------- BYE ----|  from now on
 *    |-- CHANGED -------------------------->|  a file of a volume has changed on the host
 *    |<------------------------- REPLY -----|  the guest's inotify has an event; and so on
 *
 * The streams of the container's own process go over a connection that the agent makes, before it starts the process
 * (helper-c/vmm/vmm_streams.c):
 *
 *   VMM                                     agent
 *    |<-- connect --------------------------|
 *    |-- RESIZE --------------------------->|  of its terminal, if it has one
 *    |<-- DATA … as above, until BYE ------>|
 *    |-- CLOCK ---------------------------->|  at any time: asks for the guest's time
 *    |<------------------------- TIME ------|
 *    |-- ADJUST --------------------------->|  if the clocks differ
 *
 * When a connection ends, libkrun drops what a slow receiver has not read; before 1.18.1 it stalls or drops bytes when
 * the host's socket is full. Therefore each side has at most WINDOW bytes of a stream in flight, where a frame counts
 * FRAME_COST more than its payload, and the end of a stream is a frame, not the end of the connection. */
#ifndef KAGO_FRAME_H
#define KAGO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "../common/message.h"

enum frame_type {
  FRAME_HELLO = 1,
  FRAME_SIGNAL, /* u32 signal, u32 1 for all processes */
  FRAME_FIGURES, /* no payload */
  FRAME_PROCESSES, /* no payload */
  FRAME_REPLY, /* i32 result, then the requested data */
  FRAME_EXEC, /* u32 1 for a terminal, then the plan; up to EXEC_MAX */
  FRAME_STARTED, /* no payload */
  FRAME_FAILED, /* u32 index of the operation, i32 errno, findings about its paths (failure.c) */
  FRAME_DATA, /* bytes of `stream` */
  FRAME_END, /* end of `stream` */
  FRAME_CREDIT, /* u32: this many more bytes of `stream` may be sent */
  FRAME_RESIZE, /* u32 rows, u32 columns */
  FRAME_EXIT, /* u32 exit code */
  FRAME_BYE, /* no payload */
  FRAME_CLOSED, /* the reader of `stream` has closed it, so its writer gets EPIPE */
  FRAME_SOCKET, /* u32 index, as in openSocketTree and hostSockets */
  FRAME_CLOCK, /* no payload */
  FRAME_TIME, /* i64 nanoseconds since 1970 */
  FRAME_ADJUST, /* i64 nanoseconds by which the guest's clock is behind the host's */
  FRAME_LIMITS, /* i64 bytes of memory, i64 and i64 microseconds of CPU time and period: 0 unchanged, < 0 unlimited */
  FRAME_CHANGED, /* u32 0 for a mere write, else 1; a mount's path in the container, a path below, each NUL-ended */
  FRAME_TYPES
};

enum {
  FRAME_HEADER = 8,
  FRAME_MAX = 16 << 10, /* of a payload, except EXEC's */
  FAILED_MIN = 8,
  FAILED_MAX = FAILED_MIN + FINDINGS_MAX,
  EXEC_MAX = 8 << 20,
  CHANGED_MAX = 4 + 2 * 4096,
  FRAME_COST = 512,
  WINDOW = 48 << 10,
  STREAMS = 3,
  AGENT_PORT = 1, /* the host connects */
  STREAMS_PORT = 2 /* the agent connects */
};

struct frame {
  uint8_t type;
  uint8_t stream;
  uint32_t size;
  const uint8_t *payload;
};

/* Received bytes that are not parsed yet. */
struct frame_reader {
  size_t start, end;
  uint8_t bytes[2 * (FRAME_HEADER + FRAME_MAX)];
};

/* The buffer for new bytes and its free size, which is never 0 after frame_next returned 0. */
uint8_t *frame_room(struct frame_reader *reader, size_t *room);

/* The next complete frame, whose payload is valid until the next call: 1, 0 if incomplete, or -EBADMSG. */
int frame_next(struct frame_reader *reader, struct frame *frame);

/* Parses a header of 8 bytes: 0, or -EBADMSG if it is invalid; `largest` limits the payload of EXEC. */
int frame_parse(const uint8_t header[FRAME_HEADER], struct frame *frame, uint32_t largest);

/* Writes a header. */
void frame_header(uint8_t header[FRAME_HEADER], enum frame_type type, uint8_t stream, uint32_t size);

uint32_t read_le32(const uint8_t *at);
void write_le32(uint8_t *at, uint32_t value);
int64_t read_le64(const uint8_t *at);
void write_le64(uint8_t *at, int64_t value);

#endif
