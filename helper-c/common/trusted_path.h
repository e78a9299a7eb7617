/* Files of the host that kago loads or obeys as root: used only where root alone could have put them. */
#ifndef KAGO_TRUSTED_PATH_H
#define KAGO_TRUSTED_PATH_H

#include <stdint.h>

/* Opens the regular file `path`, which is absolute, for reading. Every folder, every link and the file itself is looked at
 * by its descriptor on the way: each must belong to root (or to the caller, who could do no more than he can already) and be
 * writable by nobody else. A descriptor, or -errno; with -EPERM `problem` says in words what is not as it must be. */
int open_trusted(const char *path, char *problem, uint32_t size);

#endif
