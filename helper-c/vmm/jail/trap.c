/* Writes the name of a refused system call to standard error, which is the container's, and ends the process. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "call_names_x86_64.h"
#include "jail.h"
#include "../vmm.h"

enum { OLD_COUNT = sizeof OLD_CALLS / sizeof *OLD_CALLS, NEW_COUNT = sizeof NEW_CALLS / sizeof *NEW_CALLS };

static const char *name_of(int number) {
  if (number >= 0 && number < OLD_COUNT) return OLD_CALLS[number];
  number -= FIRST_NEW_CALL;
  return number >= 0 && number < NEW_COUNT ? NEW_CALLS[number] : NULL;
}

static void on_refused(int signal, siginfo_t *info, void *context) {
  (void)context;
  char text[128];
  const char *name = name_of(info->si_syscall);
  int size = name ? snprintf(text, sizeof text, "kago: the VMM called %s, which it may not make\n", name)
                  : snprintf(text, sizeof text, "kago: the VMM made the system call %d, which it may not make\n",
                             info->si_syscall);
  if (write(vm.messages, text, (size_t)size) < 0) size = 0; /* nobody reads it */
  _exit(128 + signal);
}

void jail_name_refused(void) {
  struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask);
  sigaction(SIGSYS, &action, NULL);
}
