/* Turns a change that the host made in a volume into an event for the guest's inotify(7). */
#ifndef KAGO_TOUCH_H
#define KAGO_TOUCH_H

#include <stdint.h>

/* Handles a CHANGED frame, for files below `root`: 0 or -errno. Opens nothing outside the mount that the frame
 * names. */
int touch_changed(const char *root, const uint8_t *payload, uint32_t size);

#endif
