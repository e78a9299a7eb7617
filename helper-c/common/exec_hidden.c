#include "exec_hidden.h"

#include <sys/prctl.h>

#include "kernel.h"

/* linux/capability.h */
enum { CAP_DAC_OVERRIDE_ = 1, CAP_DAC_READ_SEARCH_ = 2 };

/* Root can read every file because of these capabilities. The kernel checks the effective set before the exec, after
 * which the new program has root's full set again. Other users have neither capability. */
int exec_hidden(int fd, char *const argv[], char *const envp[]) {
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data before[2] = {{0}};
  int result = (int)raw_syscall(SYS_capget, (long)&header, (long)before, 0, 0, 0, 0);
  if (result < 0) return result;
  struct cap_data blind[2] = {before[0], before[1]};
  blind[0].effective &= ~(1u << CAP_DAC_OVERRIDE_ | 1u << CAP_DAC_READ_SEARCH_);
  result = (int)raw_syscall(SYS_capset, (long)&header, (long)blind, 0, 0, 0, 0);
  if (result == 0) result = sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH);
  raw_syscall(SYS_capset, (long)&header, (long)before, 0, 0, 0, 0);
  return result;
}

void stay_hidden(void) { raw_syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0); }
