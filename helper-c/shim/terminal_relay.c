#include "terminal_relay.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* While no process has a terminal open, a read of its master fails with EIO, and poll(2) always returns POLLHUP at
 * once. Only an edge-triggered event shows that it was opened again: a program may close all its descriptors, and
 * open /dev/tty later. */
static int watch_edges(int master) {
  int news = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event edges = {.events = EPOLLIN | EPOLLET};
  if (news < 0 || epoll_ctl(news, EPOLL_CTL_ADD, master, &edges) == 0) return news;
  close(news);
  return -1;
}

void relay_begin(struct relay *r, int from, int to, bool from_master) {
  *r = (struct relay){.from = from, .to = to, .news = -1};
  if (from_master && from >= 0) r->news = watch_edges(from);
}

void relay_end(struct relay *r) {
  if (r->news >= 0) close(r->news);
}

static bool is_empty(const struct relay *r) { return r->start == r->end; }

struct pollfd relay_watch(const struct relay *r) {
  if (is_empty(r)) return (struct pollfd){.fd = r->hung ? r->news : r->from, .events = POLLIN};
  return (struct pollfd){.fd = r->from < 0 ? -1 : r->to, .events = POLLOUT};
}

static void take_input(struct relay *r) {
  struct epoll_event event;
  /* Before the read, so that data arriving after it is a new event. */
  if (r->hung) epoll_wait(r->news, &event, 1, 0);
  ssize_t n = read(r->from, r->bytes, sizeof r->bytes);
  r->hung = n < 0 && errno == EIO && r->news >= 0;
  if (n <= 0 && !r->hung && !(n < 0 && (errno == EINTR || errno == EAGAIN))) r->from = -1;
  r->start = 0;
  r->end = n > 0 ? (size_t)n : 0;
}

void relay_step(struct relay *r) {
  if (is_empty(r)) {
    take_input(r);
    return;
  }
  ssize_t n = write(r->to, r->bytes + r->start, r->end - r->start);
  if (n > 0) r->start += (size_t)n;
  else if (errno != EINTR && errno != EAGAIN) r->from = -1;
}

void relay_drain(struct relay *r) {
  r->hung = false;
  while (r->from >= 0 && !r->hung) {
    struct pollfd pending = relay_watch(r);
    if (poll(&pending, 1, is_empty(r) ? 0 : -1) <= 0 && is_empty(r)) return;
    relay_step(r);
  }
}
