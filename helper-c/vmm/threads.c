/* Runs a call on every thread of this process. Linux keeps credentials, capabilities and no_new_privs per thread. If
 * a VMM's other threads kept the host's root, the container's limits would not hold. As in libc's setuid, a signal
 * makes every other thread run the call itself. If it is unknown whether a thread was reached, this is an error;
 * only a thread that has exited is skipped. */
#include "threads.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../common/root_path.h"

/* A standard signal: a real-time signal is refused if the container's RLIMIT_SIGPENDING is reached. */
enum { SIGNAL = SIGSTKFLT, MAX_THREADS = 1024, PATIENCE_MS = 5000, LOOK_AGAIN = 64 };

/* The signalled threads, in the order of finding; the caller is the first. */
static struct {
  int (*call)(void *);
  void *argument;
  atomic_int error;
  atomic_int count;
  int tids[MAX_THREADS];
  atomic_bool answered[MAX_THREADS];
} request;

static int index_of(int tid) {
  int count = atomic_load(&request.count);
  for (int i = 0; i < count; i++) {
    if (request.tids[i] == tid) return i;
  }
  return -1;
}

static void handle(int signal) {
  (void)signal;
  int i = index_of((int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0)), result = request.call(request.argument), none = 0;
  if (result < 0) atomic_compare_exchange_strong(&request.error, &none, result);
  if (i >= 0) atomic_store(&request.answered[i], true);
}

static int signal_thread(int tid, int signal) { return (int)raw_syscall(SYS_tgkill, getpid(), tid, signal, 0, 0, 0); }

/* The thread's id in its innermost pid namespace (this procfs may be an outer one's), 0 if it has exited. */
static int inner_tid(int folder, const char *outer) {
  static char text[1 << 20]; /* up to 65536 groups precede NSpid */
  char path[300];
  snprintf(path, sizeof path, "%s/status", outer);
  int fd = sys_openat2(folder, path, O_RDONLY, 0, RESOLVE_BENEATH_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_NO_XDEV_);
  ssize_t n = fd < 0 ? fd : as_result(read(fd, text, sizeof text - 1));
  if (fd >= 0) close(fd);
  if (n == -ENOENT || n == -ESRCH) return 0;
  if (n < 0) return (int)n;
  text[n] = 0;
  char *line = strstr(text, "\nNSpid:");
  if (!line) return -EIO;
  line[1 + strcspn(line + 1, "\n")] = 0;
  return atoi(strrchr(line, '\t') + 1);
}

/* Signals a thread, unless it was signalled before or has exited: 1 if signalled, 0 if not, or -errno. */
static int tell(int tid) {
  int count = atomic_load(&request.count);
  if (tid <= 0 || index_of(tid) >= 0) return tid < 0 ? tid : 0;
  if (count == MAX_THREADS) return -EAGAIN;
  request.tids[count] = tid;
  atomic_store(&request.answered[count], false);
  atomic_store(&request.count, count + 1);
  int result = signal_thread(tid, SIGNAL);
  if (result < 0) atomic_store(&request.answered[count], true);
  return result == -ESRCH ? 0 : result < 0 ? result : 1;
}

/* Signals the threads that were not yet: how many, or -errno. */
static int tell_new_threads(int folder) {
  int list_fd = as_result(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR *list = list_fd < 0 ? NULL : fdopendir(list_fd);
  if (!list) return list_fd < 0 ? list_fd : -ENOMEM;
  int added = 0, told = 0;
  for (struct dirent *entry; told >= 0 && (entry = readdir(list));) {
    if (entry->d_name[0] == '.') continue;
    told = tell(inner_tid(folder, entry->d_name));
    added += told;
  }
  closedir(list);
  return told < 0 ? told : added;
}

static bool all_answered(bool ask_kernel) {
  int count = atomic_load(&request.count);
  for (int i = 1; i < count; i++) {
    if (atomic_load(&request.answered[i])) continue;
    if (!ask_kernel || signal_thread(request.tids[i], 0) != -ESRCH)
      return false; /* it may have exited before it ran the call */
  }
  return true;
}

static int await_answers(void) {
  const struct timespec pause = {.tv_nsec = 100000};
  int64_t end = now_ms() + PATIENCE_MS;
  for (int i = 1;; i++) {
    if (all_answered(i % LOOK_AGAIN == 0)) return atomic_load(&request.error);
    if (left_ms(end) == 0) return -ETIMEDOUT;
    nanosleep(&pause, NULL);
  }
}

/* The directory of this process's threads. It stays open, because at the last call there is no procfs any more. */
static int tasks = -1;

static int open_tasks(struct context *c) {
  if (tasks >= 0) return tasks;
  int proc = trusted_proc(c);
  /* Not through a mount inside /proc: a list of threads that is not the kernel's could omit some. */
  uint64_t resolve = RESOLVE_BENEATH_ | RESOLVE_NO_MAGICLINKS_ | RESOLVE_NO_XDEV_;
  int opened = proc < 0 ? proc : sys_openat2(proc, "self/task", O_PATH | O_DIRECTORY, 0, resolve);
  if (opened >= 0) tasks = opened;
  return opened;
}

void close_threads(void) {
  if (tasks >= 0) close(tasks);
  tasks = -1;
}

int on_every_thread(struct context *c, int (*call)(void *), void *argument) {
  int folder = open_tasks(c);
  if (folder < 0) return folder;
  request.call = call;
  request.argument = argument;
  atomic_store(&request.error, 0);
  request.tids[0] = (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
  atomic_store(&request.count, 1);
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK}, before;
  sigfillset(&action.sa_mask);
  sigaction(SIGNAL, &action, &before);
  int result = call(argument), added = 1;
  /* A thread created meanwhile by one not yet signalled has the old credentials. So repeat until there is no new
   * one. */
  while (result >= 0 && added > 0) {
    added = tell_new_threads(folder);
    result = added < 0 ? added : await_answers();
  }
  /* Signalled threads must run the handler before the signal kills again; if one never does, the handler stays. */
  if (result < 0 && result != -ETIMEDOUT) await_answers();
  if (all_answered(true)) sigaction(SIGNAL, &before, NULL);
  return result;
}
