/* libFuzzer's way into what reads the connection between host and guest: the frames as either side takes them, in pieces
 * and with room running out, and the plan in a request. Built and run by scripts/fuzz.ts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../common/plan.h"
#include "../session/pump.h"

enum { MAX_PIECES = 64 };

/* As a session's own frames are taken: every byte of the payload is there to be read. */
static int handle(void *self, const struct frame *frame) {
  uint32_t *sum = self;
  for (uint32_t i = 0; i < frame->size; i++) *sum += frame->payload[i];
  return frame->type == FRAME_BYE || frame->type == FRAME_HELLO ? -1 : 0;
}

static void check_sinks(const struct pump *p) {
  for (int i = 0; i < STREAMS; i++) {
    const struct sink *sink = &p->sinks[i];
    if (sink->start > sink->end || sink->end > sizeof sink->bytes || p->sources[i].credit > WINDOW) abort();
  }
  if (p->in.start > p->in.end || p->in.end > sizeof p->in.bytes) abort();
}

/* The first byte says how the rest is cut, and after how many pieces the readers have taken what came. */
static void fuzz_frames(const uint8_t *data, size_t size) {
  static struct pump p;
  uint32_t sum = 0;
  p.in.start = p.in.end = p.out_start = p.out_end = 0;
  for (int i = 0; i < STREAMS; i++) {
    memset(&p.sinks[i], 0, offsetof(struct sink, bytes));
    p.sources[i] = (struct source){.fd = -1, .socket = i == 0, .credit = data[0] & 0x80 ? 0 : WINDOW};
    p.sinks[i].fd = i == 2 ? -1 : 1;
    p.sinks[i].socket = i == 0;
  }
  size_t piece = 1 + (data[0] & 0x3f) * 37u;
  for (size_t at = 1, n = 0; at < size; n++) {
    size_t room, left = size - at;
    uint8_t *to = frame_room(&p.in, &room);
    size_t length = left < piece ? left : piece;
    if (length > room) length = room;
    if (length == 0) abort(); /* no frame is so large that there is no room for the rest of it */
    memcpy(to, data + at, length);
    p.in.end += length;
    at += length;
    if (pump_take(&p, handle, &sum) < 0) break;
    check_sinks(&p);
    if (data[0] & 0x40 && n % 4 == 0) p.sinks[1].start = p.sinks[1].end = 0;
  }
  check_sinks(&p);
}

static void fuzz_request(const uint8_t *data, size_t size) {
  struct frame frame;
  struct plan plan;
  struct plan_fault fault;
  if (size < FRAME_HEADER || frame_parse(data, &frame, EXEC_MAX) < 0) return;
  if (plan_check(data + FRAME_HEADER, size - FRAME_HEADER, &plan, &fault) < 0) return;
  struct field fields[MAX_FIELDS];
  for (uint32_t stage = 0; stage < PLAN_STAGES; stage++) {
    size_t offset = plan_stage_offset(&plan, stage);
    for (uint32_t i = 0; i < plan.counts[stage]; i++) plan_next(&plan, &offset, fields);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  if (data[0] == 0xff) fuzz_request(data + 1, size - 1);
  else fuzz_frames(data, size);
  return 0;
}
