/* Signals of processes that begin, and of those that stand for another. */
#ifndef KAGO_SIGNALS_H
#define KAGO_SIGNALS_H

#include <stdbool.h>

enum { LAST_SIGNAL = 64 };

/* Signals' dispositions and mask as a fresh process has them, by system calls alone. */
void reset_signals(void);

/* Is a signal to a process that stands for another meant for that one? */
bool is_passed_on(int number);

#endif
