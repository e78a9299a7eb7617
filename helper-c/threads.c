/* Runs a call on every thread of this process. Linux keeps credentials, capabilities and no_new_privs for each
 * thread; in a VMM whose V8 threads kept the host's root, the container's limits would hold on paper only.
 * As libc does for setuid: a signal makes every other thread run the call itself. */
#include "threads.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "root_path.h"

enum { SIGNAL = 62, MAX_THREADS = 1024, PATIENCE_MS = 5000 };

static struct {
  int (*call)(void *);
  void *argument;
  atomic_int done;
  atomic_int error;
} request;

static void handle(int signal) {
  (void)signal;
  int result = request.call(request.argument);
  if (result < 0) atomic_store(&request.error, result);
  atomic_fetch_add(&request.done, 1);
}

/* The thread's id in its innermost pid namespace: the procfs at hand may belong to an outer one. */
static int inner_tid(int tasks, const char *outer) {
  char path[300], text[4096];
  snprintf(path, sizeof path, "%s/status", outer);
  int fd = as_result(openat(tasks, path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  char *line = strstr(text, "\nNSpid:");
  if (!line) return -ESRCH;
  line[1 + strcspn(line + 1, "\n")] = 0;
  return atoi(strrchr(line, '\t') + 1);
}

static bool listed(const int *tids, int count, int tid) {
  for (int i = 0; i < count; i++) {
    if (tids[i] == tid) return true;
  }
  return false;
}

/* Signals the threads that are not in `tids` yet and adds them: how many, or -errno. */
static int signal_new_threads(int tasks, int *tids, int *count) {
  int folder_fd = as_result(openat(tasks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR *folder = folder_fd < 0 ? NULL : fdopendir(folder_fd);
  if (!folder) return folder_fd < 0 ? folder_fd : -ENOMEM;
  int added = 0;
  for (struct dirent *entry; added >= 0 && (entry = readdir(folder));) {
    if (entry->d_name[0] == '.') continue;
    int tid = inner_tid(tasks, entry->d_name);
    if (tid <= 0 || listed(tids, *count, tid)) continue; /* gone meanwhile, or told already */
    if (*count == MAX_THREADS) {
      added = -EAGAIN;
    } else if (raw_syscall(SYS_tgkill, getpid(), tid, SIGNAL, 0, 0, 0) == 0) {
      tids[(*count)++] = tid;
      added++;
    }
  }
  closedir(folder);
  return added;
}

static int await_done(int expected) {
  const struct timespec pause = {.tv_nsec = 100000};
  for (int i = 0; i < PATIENCE_MS * 10; i++) {
    if (atomic_load(&request.done) >= expected) return atomic_load(&request.error);
    nanosleep(&pause, NULL);
  }
  return -ETIMEDOUT;
}

int on_every_thread(struct context *c, int (*call)(void *), void *argument) {
  int proc = trusted_proc(c);
  int tasks = proc < 0 ? proc : as_result(openat(proc, "self/task", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (tasks < 0) return tasks;
  request.call = call;
  request.argument = argument;
  atomic_store(&request.done, 0);
  atomic_store(&request.error, 0);
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK}, before;
  sigfillset(&action.sa_mask);
  sigaction(SIGNAL, &action, &before);
  int tids[MAX_THREADS] = {(int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0)};
  int count = 1, result = call(argument), added = 1;
  /* A thread made meanwhile by one not yet told has the old credentials: look again until none is new. */
  while (result >= 0 && added > 0) {
    added = signal_new_threads(tasks, tids, &count);
    result = added < 0 ? added : await_done(count - 1);
  }
  sigaction(SIGNAL, &before, NULL);
  close(tasks);
  return result;
}
