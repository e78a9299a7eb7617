/* The contents of a folder of the root copied into a new tmpfs before it hides them (`tmpcopyup`). */
#ifndef KAGO_COPY_UP_H
#define KAGO_COPY_UP_H

/* Copies everything below the folder `from` into the folder `to`, both O_PATH or better: 0 or -errno. */
int copy_tree(int from, int to);

#endif
