/* The contents of a folder of the root copied into a new tmpfs before it hides them (`tmpcopyup`). */
#ifndef KAGO_COPY_UP_H
#define KAGO_COPY_UP_H

#include <stdbool.h>

/* What the folder that is copied into keeps of its own. */
struct kept_attributes {
  bool uid, gid, mode;
};

/* Copies everything below the folder `from` into the folder `to`, both O_PATH or better, and the folder's own owner and mode
 * but for what is kept: 0 or -errno. */
int copy_tree(int from, int to, struct kept_attributes kept);

#endif
