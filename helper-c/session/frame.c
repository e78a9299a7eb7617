#include "frame.h"

#include <errno.h>
#include <string.h>

uint32_t read_le32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void write_le32(uint8_t *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

int64_t read_le64(const uint8_t *at) { return (int64_t)((uint64_t)read_le32(at + 4) << 32 | read_le32(at)); }

void write_le64(uint8_t *at, int64_t value) {
  write_le32(at, (uint32_t)value);
  write_le32(at + 4, (uint32_t)((uint64_t)value >> 32));
}

void frame_header(uint8_t header[FRAME_HEADER], enum frame_type type, uint8_t stream, uint32_t size) {
  header[0] = (uint8_t)type;
  header[1] = stream;
  header[2] = header[3] = 0;
  write_le32(header + 4, size);
}

/* The least and greatest size of a frame's payload. */
static const struct {
  uint32_t least, most;
} SIZES[FRAME_TYPES] = {
    [FRAME_SIGNAL] = {8, 8},
    [FRAME_REPLY] = {4, FRAME_MAX},
    [FRAME_EXEC] = {4, EXEC_MAX},
    [FRAME_FAILED] = {FAILED_MIN, FAILED_MAX},
    [FRAME_DATA] = {1, FRAME_MAX},
    [FRAME_CREDIT] = {4, 4},
    [FRAME_RESIZE] = {8, 8},
    [FRAME_EXIT] = {4, 4},
    [FRAME_SOCKET] = {4, 4},
    [FRAME_TIME] = {8, 8},
    [FRAME_ADJUST] = {8, 8},
    [FRAME_LIMITS] = {24, 24},
    [FRAME_CHANGED] = {6, CHANGED_MAX},
};

int frame_parse(const uint8_t header[FRAME_HEADER], struct frame *frame, uint32_t largest) {
  frame->type = header[0];
  frame->stream = header[1];
  frame->size = read_le32(header + 4);
  frame->payload = NULL;
  if (frame->type == 0 || frame->type >= FRAME_TYPES || frame->stream >= STREAMS) return -EBADMSG;
  if (header[2] || header[3] || frame->size > largest) return -EBADMSG;
  if (frame->size < SIZES[frame->type].least || frame->size > SIZES[frame->type].most) return -EBADMSG;
  return 0;
}

uint8_t *frame_room(struct frame_reader *reader, size_t *room) {
  if (reader->start > 0) {
    memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
  }
  *room = sizeof reader->bytes - reader->end;
  return reader->bytes + reader->end;
}

int frame_next(struct frame_reader *reader, struct frame *frame) {
  size_t have = reader->end - reader->start;
  if (have < FRAME_HEADER) return 0;
  const uint8_t *at = reader->bytes + reader->start;
  int result = frame_parse(at, frame, FRAME_MAX);
  if (result < 0) return result;
  if (have < FRAME_HEADER + frame->size) return 0;
  frame->payload = at + FRAME_HEADER;
  reader->start += FRAME_HEADER + frame->size;
  return 1;
}
