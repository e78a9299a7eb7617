/* The guest of the double. */
#ifndef DOUBLE_GUEST_H
#define DOUBLE_GUEST_H

/* Becomes the process of /.krun_config.json; exits with 125 to 127 when it cannot, as libkrun's guest init does. */
_Noreturn void run_guest(void);

#endif
