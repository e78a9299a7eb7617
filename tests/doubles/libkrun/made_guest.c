/* The guest of a double as a child of the VMM: made before the VMM is jailed, which makes none any more, and waiting until it is
 * entered. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "take_over.h"

static int start_pipe[2] = {-1, -1};
static int end_pipe[2];
static pid_t guest = -1;

/* libkrun may have threads before the container's credentials are taken. */
static void *idle(void *unused) {
  for (;;) pause();
  return unused;
}

void start_idle_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, idle, NULL);
}

void keep_host(void) {
  int host = open("/", O_PATH | O_DIRECTORY);
  if (dup3(host, HOST_FD, O_CLOEXEC) < 0 || close(host) < 0) give_up("cannot keep the host's root");
  if (dup3(1, WORDS_FD, O_CLOEXEC) < 0) give_up("cannot keep standard output");
}

/* The jailed VMM may not wait for children. */
static void on_child(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  int code = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
  if (info->si_pid == guest && write(end_pipe[1], &code, sizeof code) < 0) _exit(125);
}

void make_guest(int root) {
  struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP};
  char byte;
  if (pipe2(start_pipe, O_CLOEXEC) < 0 || pipe2(end_pipe, O_CLOEXEC) < 0) give_up("cannot make a pipe");
  sigaction(SIGCHLD, &action, NULL);
  guest = fork();
  if (guest != 0) return;
  close(start_pipe[1]);
  if (read(start_pipe[0], &byte, 1) == 1) run_guest(root);
  _exit(0);
}

int guest_code(void) {
  int code;
  if (guest < 0 || write(start_pipe[1], "", 1) != 1) give_up("there is no guest");
  if (read(end_pipe[0], &code, sizeof code) != sizeof code) give_up("the guest's end is lost");
  return code;
}
