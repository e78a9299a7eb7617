/* Main as the tests play it: spawns the real stage program, reads messages, answers. */
#ifndef KAGO_STAGE_FIXTURE_H
#define KAGO_STAGE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "../common/message.h"
#include "../shim/shim.h"
#include "plan_writer.h"

enum { SECONDS_TO_ANSWER = 20 };

static struct plan_writer w;

struct stages {
  int intermediate, init, sync;
};

static inline int stage_program(void) {
  int fd = kago_stage_program();
  CHECK(fd >= 0);
  return fd;
}

/* The least that a stage can be given: its pid, or -errno. */
static inline int spawn_with(int exe, int plan, int sync, int cgroup) {
  const struct stage_channels channels = {exe, plan, sync, -1, -1, cgroup, -1};
  return kago_spawn(&channels);
}

/* Spawns the stage with these bytes as its plan; `listen_fd` and `cgroup_fd` as in struct stage_channels. */
static inline struct stages spawn_vmm(const uint8_t *bytes, size_t size, int listen_fd, int cgroup_fd, int vmm_fd) {
  int32_t pair[2];
  int exe = stage_program(), plan = kago_memory_file("plan", bytes, (uint32_t)size);
  CHECK(plan >= 0 && kago_socket_pair(pair) == 0);
  struct timeval limit = {.tv_sec = SECONDS_TO_ANSWER};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const struct stage_channels channels = {exe, plan, pair[1], listen_fd, -1, cgroup_fd, vmm_fd};
  int pid = kago_spawn(&channels);
  CHECK(pid > 0);
  close(exe);
  close(plan);
  close(pair[1]);
  return (struct stages){.intermediate = pid, .init = -1, .sync = pair[0]};
}

static inline struct stages spawn_bytes(const uint8_t *bytes, size_t size, int listen_fd, int cgroup_fd) {
  return spawn_vmm(bytes, size, listen_fd, cgroup_fd, -1);
}

static inline struct stages spawn_written(int listen_fd) {
  end_plan(&w);
  return spawn_bytes(w.bytes, w.size, listen_fd, -1);
}

static inline struct message receive_message(int socket) {
  struct message message;
  struct datagram_origin origin;
  int size = kago_receive(socket, (uint8_t *)&message, sizeof message, &origin);
  EQUAL(size, sizeof message);
  return message;
}

static inline void expect_failed(int socket, uint32_t stage, uint32_t operation, int error) {
  struct message message = receive_message(socket);
  EQUAL(message.type, MESSAGE_FAILED);
  EQUAL(message.error, error);
  EQUAL(message.stage, stage);
  EQUAL(message.value, operation);
}

static inline void expect_end(int socket) {
  uint8_t byte;
  struct datagram_origin origin;
  EQUAL(kago_receive(socket, &byte, 1, &origin), 0);
}

static inline void answer(int socket, char byte) { EQUAL(kago_send(socket, (const uint8_t *)&byte, 1, -1), 1); }

/* CHILD comes from the Intermediate, READY from Init: in either order. */
static inline void await_ready(struct stages *s) {
  bool ready = false;
  while (!ready || s->init < 0) {
    struct message message = receive_message(s->sync);
    if (message.type == MESSAGE_CHILD) {
      s->init = (int)message.value;
    } else {
      EQUAL(message.type, MESSAGE_READY);
      EQUAL(message.stage, 1);
      ready = true;
    }
  }
  EQUAL(kago_wait(s->intermediate), 0);
}

/* Waits for Init's CHILD message, where the failure that follows is of interest. */
static inline void await_child(struct stages *s) {
  struct message message = receive_message(s->sync);
  EQUAL(message.type, MESSAGE_CHILD);
  s->init = (int)message.value;
}

/* The plan up to the clone of Init; what is written next is Init's. */
static inline void begin_init(void) {
  begin_operation(&w, OP_clone_init);
  begin_stage(&w, 1);
}

static inline void put_find_program(const char *file) { put_operation_ss(&w, OP_find_program, file, "/usr/bin:/bin"); }

static inline void put_exec(const char *const *args, const char *const *env) {
  begin_operation(&w, OP_exec);
  put_strs(&w, args);
  put_strs(&w, env);
}

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const NO_STRINGS[] = {NULL};

/* The rest of a plan that runs `args`, found by its first item, without an environment. */
static inline void put_program(const char *const *args) {
  put_find_program(args[0]);
  begin_operation(&w, OP_await_start);
  put_exec(args, NO_STRINGS);
}

/* A whole plan that runs `args` and nothing else. */
static inline void write_program_plan(const char *const *args) {
  begin_plan(&w);
  begin_init();
  put_program(args);
}

/* Lets the program run at once: its wait status. */
static inline int run_to_the_end(struct stages *s) {
  await_ready(s);
  answer(s->sync, ANSWER_START);
  expect_end(s->sync);
  return kago_wait(s->init);
}

/* Runs the plan that is written and returns what the program printed; its wait status must be 0. */
static inline const char *output_of_plan(void) {
  static char text[16384];
  int ends[2], out = fcntl(1, F_DUPFD_CLOEXEC, 3);
  CHECK(pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[1], 1) == 1);
  struct stages s = spawn_written(-1);
  dup2(out, 1);
  close(out);
  close(ends[1]);
  EQUAL(run_to_the_end(&s), 0);
  size_t size = 0;
  for (ssize_t n; (n = read(ends[0], text + size, sizeof text - 1 - size)) > 0;) size += (size_t)n;
  close(ends[0]);
  text[size] = 0;
  return text;
}

#endif
