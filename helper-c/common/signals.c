#include "signals.h"

#include <signal.h>

#include "kernel.h"

void reset_signals(void) {
  /* The kernel's own call, because libc hides some real-time signals. All zero is SIG_DFL, no flags, no mask. */
  const uint64_t defaults[4] = {0}, none = 0;
  for (int number = 1; number <= LAST_SIGNAL; number++)
    raw_syscall(SYS_rt_sigaction, number, (long)defaults, 0, 8, 0, 0);
  raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
}

/* All signals except those that concern the process itself, that cannot be caught, or that libc uses (32 to 34).
 * SIGTTIN and SIGTTOU must stop the process: with a handler, the interrupted call would be restarted endlessly. In a
 * VMM, libkrun uses SIGWINCH for the guest's terminal, and the first real-time signals; vmm/threads.c uses SIGSTKFLT
 * for its threads. */
bool is_passed_on(int number, enum stand_in stand_in) {
  switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCHLD:
    case SIGPIPE:
    case SIGURG:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGSYS:
    case SIGPROF: return false;
    case SIGWINCH:
    case SIGSTKFLT:
    case 35:
    case 36: return stand_in != STAND_IN_VMM;
    default: return number < 32 || number > 34;
  }
}
