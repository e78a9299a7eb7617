/* Copies the contents of a directory of the root into a new tmpfs before the tmpfs hides them (`tmpcopyup`). */
#ifndef KAGO_COPY_UP_H
#define KAGO_COPY_UP_H

#include <stdbool.h>

/* Attributes of the target directory that are not replaced. */
struct kept_attributes {
  bool uid, gid, mode;
};

/* Copies everything below the directory `from` to the directory `to`, both O_PATH or better, and the directory's
 * owner and mode except those in `kept`: 0 or -errno. */
int copy_tree(int from, int to, struct kept_attributes kept);

#endif
