#ifndef KAGO_THREADS_H
#define KAGO_THREADS_H

#include "../common/context.h"

/* `call(argument)` on every thread, this one first: 0, the first failure, or -ETIMEDOUT when a thread blocks. */
int on_every_thread(struct context *c, int (*call)(void *), void *argument);

/* After the last call: closes the descriptor of /proc that on_every_thread() keeps. */
void close_threads(void);

#endif
