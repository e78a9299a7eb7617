/* What a VMM does that a guest has taken over. */
#ifndef DOUBLE_TAKE_OVER_H
#define DOUBLE_TAKE_OVER_H

/* A folder of the host's that has stayed open in the VMM. */
enum { HOST_FD = 250 };

/* The standard output that it had at first; by the end the VMM has put it aside for the guest's process. */
enum { WORDS_FD = 251 };

/* Opens both; the host's root is still in sight. */
void keep_host(void);

_Noreturn void take_over(void);

#endif
