/* The standard streams of the container's process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "agent.h"

enum { CHUNK = 64 << 10 };

/* Copies until one side ends. */
static _Noreturn void copy(int from, int to) {
  static char bytes[CHUNK];
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) {
    ssize_t size = read(from, bytes, sizeof bytes);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) _exit(0);
    for (ssize_t done = 0; done < size;) {
      ssize_t n = write(to, bytes + done, (size_t)(size - done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) _exit(0);
      done += n;
    }
  }
}

static int open_stream(struct stdio *s, int number, uid_t owner) {
  int ends[2];
  int result = as_result(pipe2(ends, O_CLOEXEC));
  if (result < 0) return result;
  bool input = number == STDIN_FILENO;
  int ours = ends[input], theirs = ends[!input];
  s->program[number] = theirs;
  /* Whoever the program runs as opens /dev/stdout again. */
  result = as_result(fchown(theirs, owner, (gid_t)-1));
  if (result < 0) return result;
  s->copiers[number] = fork();
  if (s->copiers[number] == 0) {
    for (int i = 0; i < 3; i++) {
      if (s->program[i] >= 0) close(s->program[i]);
      if (i != number) close(i);
    }
    if (input) copy(STDIN_FILENO, ours);
    else copy(ours, number);
  }
  close(ours);
  return s->copiers[number] < 0 ? -errno : 0;
}

int stdio_open(struct stdio *s, uid_t owner) {
  int result = 0;
  *s = (struct stdio){{-1, -1, -1}, {-1, -1, -1}};
  for (int number = 0; number < 3 && result == 0; number++) {
    if (!isatty(number)) result = open_stream(s, number, owner);
  }
  return result;
}

int stdio_enter(const struct stdio *s) {
  int result = 0;
  for (int number = 0; number < 3 && result >= 0; number++) {
    if (s->program[number] >= 0) result = as_result(dup2(s->program[number], number));
  }
  return result < 0 ? result : 0;
}

void stdio_release(struct stdio *s) {
  for (int number = 0; number < 3; number++) {
    if (s->program[number] >= 0) close(s->program[number]);
    s->program[number] = -1;
  }
}

void stdio_drain(const struct stdio *s) {
  if (s->copiers[STDIN_FILENO] > 0) kill(s->copiers[STDIN_FILENO], SIGKILL);
  for (int number = STDOUT_FILENO; number <= STDERR_FILENO; number++) {
    while (s->copiers[number] > 0 && waitpid(s->copiers[number], NULL, 0) < 0 && errno == EINTR) continue;
  }
}
