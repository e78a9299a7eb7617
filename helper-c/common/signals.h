/* Signals of newly started processes, and of processes that represent another. */
#ifndef KAGO_SIGNALS_H
#define KAGO_SIGNALS_H

#include <stdbool.h>

enum { LAST_SIGNAL = 64 };

/* Resets signal dispositions and mask to those of a fresh process, by system calls only. */
void reset_signals(void);

/* Processes that represent another: kago in the foreground and the process of a session in a guest, or a microVM's
 * VMM. */
enum stand_in { STAND_IN_FOREGROUND, STAND_IN_VMM };

/* Must a process that represents another forward this signal? The one list for all of them. */
bool is_passed_on(int number, enum stand_in stand_in);

#endif
