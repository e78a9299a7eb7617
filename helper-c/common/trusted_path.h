/* Files of the host that kago loads or obeys as root. They are used only if root alone could have put them there. */
#ifndef KAGO_TRUSTED_PATH_H
#define KAGO_TRUSTED_PATH_H

#include <stdint.h>

/* Opens the regular file at the absolute path `path` for reading. Every directory, every link and the file itself is
 * checked by descriptor: it must belong to root (or to the caller, who gains nothing by it), and be writable by
 * nobody else. A descriptor, or -errno; with -EPERM `problem` explains what is wrong. */
int open_trusted(const char *path, char *problem, uint32_t size);

#endif
