/* Signals of processes that begin, and of those that stand for another. */
#ifndef KAGO_SIGNALS_H
#define KAGO_SIGNALS_H

#include <stdbool.h>

enum { LAST_SIGNAL = 64 };

/* Signals' dispositions and mask as a fresh process has them, by system calls alone. */
void reset_signals(void);

/* Who stands for another process: kago in the foreground and the process of a session in a guest, or a microVM's VMM. */
enum stand_in { STAND_IN_FOREGROUND, STAND_IN_VMM };

/* Is a signal to a process that stands for another meant for that one? The one list for all of them. */
bool is_passed_on(int number, enum stand_in stand_in);

#endif
