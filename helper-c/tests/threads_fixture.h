/* Threads that wait in different ways, as those of a VMM do, and what the kernel says of each (proc(5), status). */
#ifndef KAGO_THREADS_FIXTURE_H
#define KAGO_THREADS_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../vmm/threads.h"

enum { WAITERS = 8 };

static int silent_pipe[2], silent_epoll, silent_listener;
static atomic_int running;
static pthread_mutex_t never_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static inline void wait_in(int way) {
  struct pollfd poll_fd = {.fd = silent_pipe[0], .events = POLLIN};
  struct epoll_event event;
  char byte;
  switch (way) {
    case 0: CHECK(read(silent_pipe[0], &byte, 1) == 1); break;
    case 1: poll(&poll_fd, 1, -1); break;
    case 2: break; /* a busy loop */
    case 3: sleep(1000); break;
    case 4:
      pthread_mutex_lock(&never_mutex);
      pthread_cond_wait(&never, &never_mutex);
      break;
    case 5: epoll_wait(silent_epoll, &event, 1, -1); break;
    case 6: accept(silent_listener, NULL, NULL); break;
    default: pause();
  }
}

static inline void *waiter(void *way) {
  atomic_fetch_add(&running, 1);
  for (;;) wait_in((int)(intptr_t)way);
  return NULL;
}

static inline void start_waiters(void) {
  CHECK(pipe2(silent_pipe, O_CLOEXEC) == 0);
  silent_epoll = epoll_create1(EPOLL_CLOEXEC);
  silent_listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(bind(silent_listener, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)) == 0);
  CHECK(listen(silent_listener, 1) == 0);
  for (intptr_t way = 0; way < WAITERS; way++) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, waiter, (void *)way) == 0);
  }
  while (atomic_load(&running) < WAITERS) usleep(1000);
  usleep(20000); /* until they have come to rest */
}

/* Whether the thread `tid` has `line` in its status; a thread that is gone has what it shall have. */
static inline bool thread_has(const char *tid, const char *line) {
  static char text[1 << 20];
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%.20s/status", tid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 && (errno == ENOENT || errno == ESRCH)) return true;
  CHECK(fd >= 0);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  return n <= 0 || strstr(text, line);
}

/* How many threads there are, and how many of them lack `line`. */
static inline int threads_without(const char *line, int *total) {
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks);
  int without = 0;
  *total = 0;
  for (struct dirent *entry; (entry = readdir(tasks));) {
    if (entry->d_name[0] == '.') continue;
    ++*total;
    without += !thread_has(entry->d_name, line);
  }
  closedir(tasks);
  return without;
}

/* All of at least `least` threads have `line`. */
static inline void expect_all(const char *line, int least) {
  int total, without = threads_without(line, &total);
  if (without) dprintf(2, "# %d of %d threads without \"%s\"\n", without, total, line + 1);
  EQUAL(without, 0);
  CHECK(total >= least);
}

static inline struct context on_all_threads(void) {
  return (struct context){.root_fd = -1, .proc_fd = -1, .on_all_threads = on_every_thread};
}

#endif
