/* Files by their names in a root filesystem that is hostile, for callers outside of any stage. */
#ifndef KAGO_ROOT_FILE_H
#define KAGO_ROOT_FILE_H

#include <stddef.h>
#include <stdint.h>

/* write(2) until all is written: 0 or -errno. */
int write_all(int fd, const uint8_t *bytes, size_t size);

#endif
