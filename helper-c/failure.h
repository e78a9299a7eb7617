/* What a stage tells of an operation that failed: MESSAGE_FAILED, and after it what its paths look like. */
#ifndef KAGO_FAILURE_H
#define KAGO_FAILURE_H

#include "context.h"

/* How a path was found; the same list is in runtime/stages/op_findings.ts. */
enum found {
  FOUND_NAMED, /* whole, and not looked at */
  FOUND_FOLDER,
  FOUND_FILE, /* anything but a folder */
  FOUND_MISSING,
  FOUND_NO_FOLDER, /* a file where a folder must be */
  FOUND_DANGLING,  /* a link to what is missing */
  FOUND_LINK,      /* a link where none may be, or one too many */
  FOUND_SHUT,      /* what may not be looked at */
  FOUND_PROGRAM,   /* what was to be executed, not looked at */
  FOUND_STDOUT,    /* the end of what a hook wrote */
  FOUND_STDERR,
};

/* Sends Main, or whoever listens, that the operation with this index in the stage has failed with `error`, an errno. */
void failure_report(struct context *c, uint32_t index, int error);

#endif
