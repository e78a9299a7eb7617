/* A copy of some bytes that ends where a page without access begins: one byte read too far is a SIGSEGV, without any
 * sanitizer. */
#ifndef KAGO_GUARDED_H
#define KAGO_GUARDED_H

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARDED_CAPACITY = 256 << 10, GUARD = 4096 };

/* The copy is good until the next call. */
static inline const uint8_t *guarded_copy(const uint8_t *bytes, size_t size) {
  static uint8_t *region;
  if (!region) {
    region = mmap(NULL, GUARDED_CAPACITY + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(region != MAP_FAILED);
    CHECK(mprotect(region + GUARDED_CAPACITY, GUARD, PROT_NONE) == 0);
  }
  CHECK(size <= GUARDED_CAPACITY);
  /* What lies before the copy must not pass for something. */
  if (size < GUARDED_CAPACITY) region[GUARDED_CAPACITY - size - 1] = 0xa5;
  return memcpy(region + GUARDED_CAPACITY - size, bytes, size);
}

#endif
