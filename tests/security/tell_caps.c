/* Prints the capabilities of this process as /proc/PID/status has them, without a procfs. */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long long read_each(int first, int second) {
  unsigned long long set = 0;
  for (int cap = 0; cap < 64; cap++) {
    if (prctl(first, second < 0 ? cap : second, cap, 0, 0) == 1) set |= 1ull << cap;
  }
  return set;
}

int main(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return 1;
#define WHOLE(set) ((unsigned long long)data[1].set << 32 | data[0].set)
  printf("CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n", WHOLE(inheritable), WHOLE(permitted), WHOLE(effective));
  printf("CapBnd:\t%016llx\n", read_each(PR_CAPBSET_READ, -1));
  printf("CapAmb:\t%016llx\n", read_each(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET));
  return 0;
}
