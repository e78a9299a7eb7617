/* A stage's report of a failed operation: MESSAGE_FAILED, followed by findings about its paths. */
#ifndef KAGO_FAILURE_H
#define KAGO_FAILURE_H

#include "../common/context.h"

/* What was found at a path; the same list is in runtime/stages/op_findings.ts. */
enum found {
  FOUND_NAMED, /* the whole path, not examined */
  FOUND_FOLDER,
  FOUND_FILE, /* anything but a directory */
  FOUND_MISSING,
  FOUND_NO_FOLDER, /* a file where a directory must be */
  FOUND_DANGLING,  /* a link to something missing */
  FOUND_LINK,      /* a link where none is allowed, or one too many */
  FOUND_SHUT,      /* not accessible */
  FOUND_PROGRAM,   /* the program to execute, not examined */
  FOUND_STDOUT,    /* the end of a hook's output */
  FOUND_STDERR,
  FOUND_SAID,      /* not of a path: a library's or program's message, or the part of the operation that failed */
  FOUND_OPERATION, /* the operation as encoded in the plan, or its beginning: `start` has no plan */
};

struct failure;

/* Fills `failure` for the operation with this index in the stage, which failed with errno `error`. Returns the size
 * of the findings. */
size_t failure_look(struct context *c, uint32_t index, int error, struct failure *failure);

/* The first finding that is wrong: its length, 0 for none, and *text. */
int failure_part(const struct failure *failure, size_t size, const char **text);

/* Reports to Main, or another waiting process, that this operation of the stage has failed with `error`. */
void failure_report(struct context *c, uint32_t index, int error);

#endif
