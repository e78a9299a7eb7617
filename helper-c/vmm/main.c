/*   kago --stage=vmm    with the environment's KAGO_CHANNELS (helper-c/stage/op_exec.c) */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../common/exec_hidden.h"
#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/started_by_kago.h"
#include "vmm.h"

/* libkrun holds a descriptor for every file that the guest knows. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* They stayed open for the exec of this program, but its children, passt and hooks, must not inherit them. */
static void keep_from_others(const int *fds, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (fds[i] >= 0) fcntl(fds[i], F_SETFD, FD_CLOEXEC);
  }
}

static bool read_channels(int *fds, size_t count) {
  const char *at = getenv("KAGO_CHANNELS");
  for (size_t i = 0; i < count; i++) {
    int length = 0;
    if (!at || sscanf(at, i ? ",%d%n" : "%d%n", &fds[i], &length) != 1) return false;
    at += length;
  }
  return true;
}

int main(void) {
  int fds[5 + LIBRARY_SLOTS];
  int32_t outcome[2];
  if (!read_channels(fds, sizeof fds / sizeof *fds) || !has_channels(fds[0], fds[1])) return refuse_to_begin();
  keep_from_others(fds, sizeof fds / sizeof *fds);
  stay_hidden(); /* as in stage/main.c */
  prctl(PR_SET_NAME, "kago", 0, 0, 0);
  /* If the peer closes a proxied connection, only that connection fails. */
  signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  int result = vmm_run(fds[0], fds[1], fds[2], fds[3], fds[4], fds + 5, outcome);
  /* A plan must end by entering a VM. */
  struct message message = {.type = MESSAGE_FAILED, .stage = STAGE_VMM, .value = UINT32_MAX, .error = ENOEXEC};
  if (result == 0 && outcome[1] >= 0) message_send(outcome[1], &message, -1);
  end_process(1);
}
