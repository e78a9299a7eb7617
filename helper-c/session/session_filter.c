#include "session_filter.h"

#include <sys/ioctl.h>

#include "../common/kernel.h"

/* linux/bpf_common.h, linux/seccomp.h */
enum { LOAD_WORD = 0x20, JUMP_IF_EQUAL = 0x15, RETURN = 0x06 };
enum { NUMBER_AT = 0, ARCH_AT = 4, SECOND_ARGUMENT_AT = 24 };
#define KILL_PROCESS 0x80000000u
#define ALLOW 0x7fff0000u

#define CALL(number) \
  {JUMP_IF_EQUAL, 0, 1, (number)}, { RETURN, 0, 0, ALLOW }

/* Only with this second argument, of which the kernel uses 32 bits. */
#define CALL_WITH(number, second) \
  {JUMP_IF_EQUAL, 0, 4, (number)}, {LOAD_WORD, 0, 0, SECOND_ARGUMENT_AT}, {JUMP_IF_EQUAL, 0, 1, (second)}, \
      {RETURN, 0, 0, ALLOW}, { \
    LOAD_WORD, 0, 0, NUMBER_AT \
  }

static const struct filter_instruction FILTER[] = {
    {LOAD_WORD, 0, 0, ARCH_AT},
    {JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH_OURS},
    {RETURN, 0, 0, KILL_PROCESS},
    {LOAD_WORD, 0, 0, NUMBER_AT},
    CALL(SYS_read),
    CALL(SYS_write),
    CALL(SYS_sendto),
    CALL(SYS_recvfrom),
    CALL(SYS_close),
#ifdef SYS_poll
    CALL(SYS_poll),
#endif
    CALL(SYS_ppoll),
    CALL(SYS_restart_syscall), /* poll, after a freeze or SIGCONT */
    CALL(SYS_clock_gettime),
    /* Used before the process in the guest has started. */
    CALL(SYS_sendmsg),
    CALL(SYS_rt_sigaction),
    CALL(SYS_rt_sigprocmask),
    CALL(SYS_signalfd4),
    CALL_WITH(SYS_fcntl, F_GETFL),
    CALL_WITH(SYS_fcntl, F_SETFL),
    CALL_WITH(SYS_ioctl, TIOCGWINSZ),
    CALL(SYS_exit_group),
    CALL(SYS_exit),
    {RETURN, 0, 0, KILL_PROCESS},
};

int session_filter(void) {
  const struct filter_program program = {.length = sizeof FILTER / sizeof *FILTER, .instructions = FILTER};
  return (int)sys_seccomp_filter(0, &program);
}
