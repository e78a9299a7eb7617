/* What a stage tells of an operation that failed: MESSAGE_FAILED, and after it what its paths look like. */
#ifndef KAGO_FAILURE_H
#define KAGO_FAILURE_H

#include "../common/context.h"

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
  FOUND_SAID,      /* not of a path: what a library or a program says, or which part of the operation it is */
  FOUND_OPERATION, /* the operation as it stands in the plan, or its beginning: `start` has no plan */
};

struct failure;

/* Fills `failure` for the operation with this index in the stage, of which `error` is the errno: the findings' size. */
size_t failure_look(struct context *c, uint32_t index, int error, struct failure *failure);

/* The first of the findings that is not whole: its length, 0 for none, and *text. */
int failure_part(const struct failure *failure, size_t size, const char **text);

/* Sends Main, or whoever listens, that the operation with this index in the stage has failed so. */
void failure_report(struct context *c, uint32_t index, int error);

#endif
