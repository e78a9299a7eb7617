/* What a VMM does that a guest has taken over. */
#ifndef DOUBLE_TAKE_OVER_H
#define DOUBLE_TAKE_OVER_H

/* A folder of the host's that has stayed open in the VMM. */
enum { HOST_FD = 250 };

_Noreturn void take_over(void);

#endif
