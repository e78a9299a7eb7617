/* The part of libkrun 2's interface that kago calls, in the terms of the double. The C prototypes are in libkrun.h and
 * libkrun_init.h at the commit that docs/microvm.md names. */
#ifndef DOUBLE_LIBKRUN_2_H
#define DOUBLE_LIBKRUN_2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* KrunStr, KrunBytes. */
struct span {
  const char *data;
  size_t len;
};

/* KrunVtableHandle with a KrunPushStrVtable. */
struct push_table {
  void (*drop)(void *own);
  bool (*push)(void *own, struct span piece);
};
struct writer {
  uint32_t type_tag, metadata;
  const struct push_table *table;
  void *own;
  uint16_t table_size;
};

/* One kind for all objects: what it is, and what it was made from. */
struct thing {
  const char *kind;
  char text[512];
};

#endif
