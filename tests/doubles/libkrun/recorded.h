/* What the doubles of libkrun's libraries record, and what their guest is run by. */
#ifndef DOUBLE_RECORDED_H
#define DOUBLE_RECORDED_H

#include <stdint.h>

/* Where the calls go, a line of JSON each. */
extern int record_fd;

#define RECORD_CALL(name, format, ...) \
  dprintf(record_fd, "{\"call\":\"" name "\",\"args\":[" format "]}\n", __VA_ARGS__)

/* A path; of a descriptor's what it is open on. */
const char *named(const char *path);

#endif
