/* The end of a microVM is the end of this process. libkrun calls _exit(3), and the linker resolves that to this
 * function before libc's. It first writes pending log output to the terminal, and reports a guest that stopped
 * before its process had an exit code: of a triple fault libkrun logs at level 3, and the guest's kernel nothing. */
#include <stdatomic.h>

#include "../common/kernel.h"
#include "vmm.h"

enum { SIGNALLED = 128 + SIGKILL };

static const char SENTENCE[] =
    "kago: microVM: the guest stopped before its process had an exit code, so the container's is 137; what libkrun "
    "logged of it, "
    "if anything, is above, and annotations[\"krun.log_level\"]=3 makes it log more\n";

/* The code is 137 once the agent has run (agent/main.c, expect_death), before that 0. */
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
