/* A change that the host has made in a volume becomes an event for the guest's inotify(7). */
#ifndef KAGO_TOUCH_H
#define KAGO_TOUCH_H

#include <stdint.h>

/* What a CHANGED frame says, of files below `root`: 0 or -errno. Nothing outside of the mount that it names is opened. */
int touch_changed(const char *root, const uint8_t *payload, uint32_t size);

#endif
