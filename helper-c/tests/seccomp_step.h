/* Stops a thread before each of its file system calls, so that a test can change the world exactly there: a race with
 * every outcome, one after the other (seccomp_unotify(2)). */
#ifndef KAGO_SECCOMP_STEP_H
#define KAGO_SECCOMP_STEP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "../common/kernel.h"

enum { SYS_OPENAT2 = 437 };

static int step_listener = -1, step_go = -1, step_done = -1, step_ready = -1;
static int (*step_attempt)(void);
static int step_result;

#define STEP_STOPS_AT(number) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

/* The filter holds for the calling thread only. */
static inline int step_install_filter(void) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                               STEP_STOPS_AT(SYS_OPENAT2),
                               STEP_STOPS_AT(SYS_openat),
                               STEP_STOPS_AT(SYS_mkdirat),
                               STEP_STOPS_AT(SYS_newfstatat),
                               STEP_STOPS_AT(SYS_readlinkat),
                               STEP_STOPS_AT(SYS_fchmodat),
                               STEP_STOPS_AT(SYS_fchownat),
                               STEP_STOPS_AT(SYS_mknodat),
                               STEP_STOPS_AT(SYS_symlinkat),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static inline uint64_t step_wait(int event) {
  uint64_t count = 0;
  CHECK(read(event, &count, sizeof count) == sizeof count);
  return count;
}

static inline void step_signal(int event) {
  const uint64_t one = 1;
  CHECK(write(event, &one, sizeof one) == sizeof one);
}

static inline void *step_victim(void *unused) {
  (void)unused;
  step_listener = step_install_filter();
  step_signal(step_ready);
  for (;;) {
    step_wait(step_go);
    step_result = step_attempt();
    step_signal(step_done);
  }
  return NULL;
}

/* Starts the thread that makes the attempts. */
static inline void step_start(int (*attempt)(void)) {
  pthread_t thread;
  step_attempt = attempt;
  step_go = eventfd(0, EFD_CLOEXEC);
  step_done = eventfd(0, EFD_CLOEXEC);
  step_ready = eventfd(0, EFD_CLOEXEC);
  CHECK(pthread_create(&thread, NULL, step_victim, NULL) == 0);
  step_wait(step_ready);
  CHECK(step_listener >= 0);
}

/* Makes one attempt and calls `before(n)` before its n-th file system call, from 0: how many there were. */
static inline int step_run(void (*before)(int step)) {
  int steps = 0;
  step_signal(step_go);
  for (;;) {
    struct pollfd fds[] = {{.fd = step_listener, .events = POLLIN}, {.fd = step_done, .events = POLLIN}};
    CHECK(poll(fds, 2, 10000) > 0);
    if (fds[0].revents & POLLIN) {
      struct seccomp_notif stopped = {0};
      CHECK(ioctl(step_listener, SECCOMP_IOCTL_NOTIF_RECV, &stopped) == 0);
      before(steps++);
      struct seccomp_notif_resp answer = {.id = stopped.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
      CHECK(ioctl(step_listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0);
    } else {
      step_wait(step_done);
      return steps;
    }
  }
}

#endif
