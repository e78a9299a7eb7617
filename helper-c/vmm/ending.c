/* The end of a microVM, which is the end of this process: libkrun ends it by _exit(3), and finds this one before libc's. So what
 * is under way to a terminal is written first, and a guest that stopped before its process had an exit code is told of: of a
 * triple fault libkrun logs at level 3, and its guest's kernel nothing. */
#include <stdatomic.h>

#include "../common/kernel.h"
#include "vmm.h"

enum { SIGNALLED = 128 + SIGKILL };

static const char SENTENCE[] =
    "kago: microVM: the guest stopped before its process had an exit code, so the container's is 137; what libkrun "
    "logged of it, "
    "if anything, is above, and annotations[\"krun.log_level\"]=3 makes it log more\n";

/* With 137 if it came as far as the agent (agent/main.c, expect_death), else with 0. */
static bool is_sudden(int code) {
  enum guest_end end = vmm_guest_end();
  return (end == GUEST_RUNS && code == SIGNALLED) || (end == GUEST_BOOTS && code == 0);
}

_Noreturn __attribute__((used)) void _exit(int code) {
  static atomic_flag begun = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&begun) && vmm_guest_end() != GUEST_NONE) {
    vmm_pass_log();
    if (is_sudden(code)) {
      vmm_say(SENTENCE, sizeof SENTENCE - 1);
      code = SIGNALLED;
    }
  }
  end_process(code);
}
