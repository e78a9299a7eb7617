/* The operation vmmJail, which runs after libkrun is configured and before it boots the guest. */
#include "jail.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "../threads.h"
#include "../vmm.h"

struct restriction {
  int ruleset, caller;
};

/* A Landlock domain applies to a thread, and to what it creates later. The calling thread enters last, because it
 * still has to read /proc for the others. */
static int restrict_thread(void *argument) {
  const struct restriction *r = argument;
  int result = (int)raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
  bool waits = raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) == r->caller;
  return result < 0 || r->ruleset < 0 || waits ? result : sys_landlock_restrict_self(r->ruleset);
}

static int restrict_all(struct context *c, int ruleset) {
  struct restriction r = {ruleset, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0)};
  int result = c->on_all_threads(c, restrict_thread, &r);
  if (result >= 0 && ruleset >= 0) result = sys_landlock_restrict_self(ruleset);
  if (ruleset >= 0) close(ruleset);
  close_threads();
  return result;
}

static int failed(struct context *c, const char *part, int result) {
  return vmm_fail(c, result, F_vmm_jail_features, FOUND_SAID, part);
}

int op_vmm_jail(struct context *c, const struct field *f) {
  uint32_t features = (uint32_t)f[vm.isolated ? F_vmm_jail_isolated_features : F_vmm_jail_features].number;
  int ruleset = jail_ruleset(c, features);
  if (ruleset < 0 && ruleset != -EOPNOTSUPP) return failed(c, "landlock", ruleset);
  int result = restrict_all(c, ruleset);
  if (result < 0) return failed(c, "threads", result);
  jail_name_refused();
  result = jail_filter(features);
  return result < 0 ? failed(c, "seccomp", result) : 0;
}
