/* Signals sent to a microVM's VMM are meant for the guest's process. A thread passes them to the agent, so that
 * `kill PID`, engines, and `kago run` in the foreground need not know that the process is a VM. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/signals.h"
#include "../session/agent_client.h"
#include "vmm.h"

enum { PATIENCE_MS = 60000 };

static int wake_pipe[2];
static int run_folder;

static void on_signal(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  if (write(wake_pipe[1], &byte, 1) < 0) errno = 0; /* full: 64 KiB of signals are still to be delivered */
  errno = before;
}

static void *hand_over(void *ignored) {
  unsigned char number;
  vmm_block_signals();
  vmm_await_agent(); /* a guest that is still booting gets the signals later */
  /* All signals are blocked here, so only a seccomp filter causes an error. */
  while (read(wake_pipe[0], &number, 1) == 1) {
    uint8_t payload[8] = {0}, reply[4];
    uint32_t size = sizeof reply;
    write_le32(payload, number);
    agent_request(run_folder, -1, FRAME_SIGNAL, payload, sizeof payload, reply, &size, PATIENCE_MS);
  }
  return ignored;
}

int vmm_forward_signals(int folder) {
  run_folder = folder;
  int result = as_result(pipe2(wake_pipe, O_CLOEXEC));
  if (result == 0) result = as_result(fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK));
  pthread_t thread;
  if (result == 0) result = -pthread_create(&thread, NULL, hand_over, NULL);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
  for (int number = 1; number <= LAST_SIGNAL && result == 0; number++) {
    if (is_passed_on(number, STAND_IN_VMM)) sigaction(number, &action, NULL);
  }
  return result;
}
