/* Reports changes in a guest's volumes that were made on the host. A thread waits for changes (watch_tree.h), holds
 * each back for a moment, because programs often do several things to a file in sequence, and sends it to the agent,
 * which turns it into an event for the guest's inotify(7) (../agent/touch.c). */
#include "host_watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../session/agent_client.h"
#include "vmm.h"

/* A change is reported once its file was left alone for QUIET_MS, or after LATEST_MS. */
enum { QUIET_MS = 50, LATEST_MS = 500, CONNECT_MS = 10000, RETRY_MS = 500, REPLY_MS = 30000 };

struct change {
  uint32_t root;
  bool whole;
  int64_t first, last;
  char *path;
};

static struct {
  uint32_t count;
  struct change list[CHANGES_MAX];
  int agent; /* the connection, or -1 */
  int64_t next_try;
  bool said[WATCH_ROOTS_MAX];
} changes = {.agent = -1};

uint32_t changes_count(void) { return changes.count; }

static struct change *find(uint32_t root, const char *path) {
  for (uint32_t i = 0; i < changes.count; i++) {
    struct change *change = &changes.list[i];
    if (change->root == root && !strcmp(change->path, path)) return change;
  }
  return NULL;
}

static void drop(uint32_t i) {
  free(changes.list[i].path);
  changes.list[i] = changes.list[--changes.count];
}

/* Too many to report one by one: each root is reported with everything in it. */
static void tell_roots(void) {
  while (changes.count > 0) drop(changes.count - 1);
  for (uint32_t root = 0; root < watch_count(); root++) changes_add(root, "", true);
}

void changes_add(uint32_t root, const char *path, bool whole) {
  int64_t now = now_ms();
  struct change *change = find(root, path);
  if (change) {
    change->whole |= whole;
    change->last = now;
    return;
  }
  if (changes.count == CHANGES_MAX) return tell_roots();
  char *copy = strdup(path);
  if (!copy) return;
  changes.list[changes.count++] = (struct change){root, whole, now, now, copy};
}

static void say(uint32_t root, const char *what, int error) {
  char text[PIPE_BUF];
  int size = snprintf(text, sizeof text, "kago: microVM: %s: %s: %s\n", watch_path(root), what, strerror(error));
  if (size > 0) vmm_say(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static void say_failed(uint32_t root, int error) {
  say(root, "changes in some new directories are not told to the guest", -error);
}

static int64_t due(const struct change *change) {
  int64_t quiet = change->last + QUIET_MS, latest = change->first + LATEST_MS;
  return quiet < latest ? quiet : latest;
}

/* Milliseconds until the next action is due: -1 for none. */
static int patience(void) {
  int64_t end = INT64_MAX;
  for (uint32_t i = 0; i < changes.count; i++) {
    if (due(&changes.list[i]) < end) end = due(&changes.list[i]);
  }
  if (end != INT64_MAX && changes.agent < 0 && changes.next_try > end) end = changes.next_try;
  return end == INT64_MAX ? -1 : left_ms(end);
}

static void hang_up(void) {
  if (changes.agent >= 0) close(changes.agent);
  changes.agent = -1;
  changes.next_try = now_ms() + RETRY_MS;
}

/* Sends a change and waits for the reply, so that only one is in flight: 0 or the connection's -errno. */
static int tell(const struct change *change) {
  static uint8_t payload[CHANGED_MAX];
  uint8_t answer[4];
  struct frame frame;
  const char *root = watch_path(change->root);
  size_t first = strlen(root) + 1, second = strlen(change->path) + 1;
  if (4 + first + second > sizeof payload) return 0;
  write_le32(payload, change->whole);
  memcpy(payload + 4, root, first);
  memcpy(payload + 4 + first, change->path, second);
  int result = agent_send(changes.agent, FRAME_CHANGED, payload, (uint32_t)(4 + first + second));
  if (result == 0) result = agent_receive(changes.agent, &frame, answer, sizeof answer, REPLY_MS);
  if (result == 0 && frame.type != FRAME_REPLY) result = -EBADMSG;
  if (result < 0) return result;
  int error = (int)read_le32(answer);
  /* The removal of a file that is gone by now is itself reported. */
  if (error < 0 && error > -4096 && error != -ENOENT && !changes.said[change->root]) {
    changes.said[change->root] = true;
    say(change->root, "the guest cannot be told of some changes", -error);
  }
  return 0;
}

static void tell_due(int folder) {
  for (uint32_t i = 0; i < changes.count;) {
    if (left_ms(due(&changes.list[i])) > 0) {
      i++;
      continue;
    }
    if (changes.agent < 0 && left_ms(changes.next_try) > 0) return;
    if (changes.agent < 0) changes.agent = agent_connect(folder, -1, CONNECT_MS);
    /* A change on which the connection fails is not sent again. */
    bool connected = changes.agent >= 0;
    if (!connected || tell(&changes.list[i]) < 0) hang_up();
    if (!connected) return;
    drop(i);
  }
}

void changes_step(int folder, int timeout_ms) {
  struct pollfd fd = {.fd = watch_descriptor(), .events = POLLIN};
  int wait = patience();
  if (timeout_ms >= 0 && (wait < 0 || wait > timeout_ms)) wait = timeout_ms;
  if (poll(&fd, 1, wait) > 0) watch_read(changes_add, say_failed);
  tell_due(folder);
}

int op_watch_open(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  return watch_open();
}

int op_watch_mounts(struct context *c, const struct field *f) {
  const uint8_t *item = f[F_watch_mounts_paths].data;
  for (uint32_t i = 0; i < f[F_watch_mounts_paths].count; i++) {
    const char *path = list_next(&item);
    int result = watch_add(path);
    if (result < 0) return vmm_fail(c, result, F_watch_mounts_paths, FOUND_SHUT, path);
  }
  return 0;
}

static void *serve(void *argument) {
  vmm_block_signals();
  vmm_await_agent();
  for (;;) changes_step((int)(intptr_t)argument, -1);
  return NULL;
}

int vmm_watch(int folder) {
  pthread_t thread;
  return watch_count() == 0 ? 0 : -pthread_create(&thread, NULL, serve, (void *)(intptr_t)folder);
}
