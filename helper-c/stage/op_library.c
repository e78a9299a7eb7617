/* Opens the libraries of a microVM before any namespace is entered, so that neither a mount namespace nor the ids of
 * a user namespace can change what a path refers to or who owns a file. */
#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/trusted_path.h"

/* A missing file leaves its slot empty: another name may exist, or none is needed. */
static int open_each(struct context *c, const struct field *list, int slot, int end) {
  const uint8_t *item = list->data;
  if (list->count > (uint32_t)(end - slot)) return -E2BIG;
  for (uint32_t i = 0; i < list->count; i++, slot++) {
    char problem[256];
    int fd = open_trusted(list_next(&item), problem, sizeof problem);
    if (fd < 0 && fd != -ENOENT) return fd;
    c->libraries[slot] = fd < 0 ? 0 : fd + 1;
  }
  return 0;
}

int op_krun_open(struct context *c, const struct field *f) {
  int result = open_each(c, &f[F_krun_open_before], BEFORE_SLOT, LIBRARY_SLOT);
  return result < 0 ? result : open_each(c, &f[F_krun_open_libraries], LIBRARY_SLOT, LIBRARY_SLOTS);
}
