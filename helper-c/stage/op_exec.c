/* The last operations: find the program, wait for `start`, and exec the program or the next stage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/exec_hidden.h"
#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/root_path.h"
#include "hook.h"

/* 0 if `path` is a file that this process may execute; a directory is EACCES, as for execve(2). */
static int executable(const char *path) {
  struct stat info;
  int result = as_result(stat(path, &info));
  if (result == 0 && !S_ISREG(info.st_mode)) return -EACCES;
  if (result == 0) result = as_result(faccessat(AT_FDCWD, path, X_OK, AT_EACCESS));
  /* Missing permission is EACCES. These two come from a seccomp filter that does not know faccessat2; execve
   * decides. */
  if (result == -EPERM || result == -ENOSYS) result = info.st_mode & 0111 ? 0 : -EACCES;
  return result;
}

/* Like execvp(3): takes the first executable file; EACCES on the way takes precedence over ENOENT. */
static int search_path(struct context *c, const char *file, const char *search) {
  int failure = -ENOENT;
  for (const char *at = search;; at++) {
    size_t length = strcspn(at, ":");
    int n = snprintf(c->program_buffer, sizeof c->program_buffer, "%.*s/%s", length ? (int)length : 1,
                     length ? at : ".", file);
    int result = n >= (int)sizeof c->program_buffer ? -ENAMETOOLONG : executable(c->program_buffer);
    if (result == 0) return 0;
    if (result == -EACCES) failure = result;
    at += length;
    if (!*at) return failure;
  }
}

int op_find_program(struct context *c, const struct field *f) {
  const char *file = f[F_find_program_file].text;
  if (strchr(file, '/')) {
    c->program = file;
    return executable(file);
  }
  c->program = c->program_buffer;
  return *file ? search_path(c, file, f[F_find_program_search].text) : -ENOENT;
}

/* Main's answer to READY: 1 to start now, 0 to wait for `start`, or -errno. Init dies with Main. */
static int await_commit(struct context *c) {
  struct message ready = {.type = MESSAGE_READY, .stage = c->stage};
  int result = message_send(c->sync_fd, &ready, -1);
  if (result < 0) return result;
  int answer = answer_receive(c->sync_fd);
  if (answer == ANSWER_START) return 1;
  return answer == ANSWER_COMMITTED ? 0 : -ECANCELED;
}

/* Closes what is no longer needed, above all a procfs with all of its files. The wait may be long, and neighbours
 * can see the names of descriptors. */
static void close_unneeded(struct context *c) {
  int *const unneeded[] = {&c->root_fd, &c->plan_fd, &c->vmm_fd};
  drop_proc(c);
  for (size_t i = 0; i < sizeof unneeded / sizeof *unneeded; i++) {
    if (*unneeded[i] >= 0) close(*unneeded[i]);
    *unneeded[i] = -1;
  }
}

/* The peer's user, as seen in this user namespace; UNKNOWN_USER if it has no mapping (user_namespaces(7)). */
enum { UNKNOWN_USER = 65534 };

static long peer_user(int socket) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  int result = as_result(getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size));
  return result < 0 ? result : (long)peer.uid;
}

/* Others have no permission by the socket's mode. */
static bool may_start(struct context *c, int connection, long main_user) {
  long user = peer_user(connection);
  if (user == 0 || user == main_user || user == UNKNOWN_USER) return true;
  struct message refusal = {.type = MESSAGE_FAILED, .stage = c->stage, .value = UINT32_MAX, .error = EPERM};
  message_send(connection, &refusal, -1);
  return false;
}

int op_await_start(struct context *c, const struct field *f) {
  (void)f;
  close_unneeded(c);
  int start = await_commit(c);
  if (start != 0) return start < 0 ? start : 0;
  long main_user = peer_user(c->sync_fd);
  close(c->sync_fd);
  c->sync_fd = c->report_fd = -1;
  for (int failures = 0;;) {
    int connection = as_result(accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC));
    bool passing = connection == -EINTR || connection == -ECONNABORTED;
    if (passing && failures++ < MOST_INTERRUPTIONS) continue;
    if (connection < 0) return connection;
    failures = 0;
    if (answer_receive(connection) == ANSWER_START && may_start(c, connection, main_user)) {
      close(c->listen_fd);
      c->listen_fd = -1;
      c->report_fd = connection;
      return 0;
    }
    close(connection);
  }
}

/* The state with this index; empty if Main sent fewer. */
static const char *state_at(const struct context *c, uint64_t index) {
  const char *state = c->states ? c->states : "";
  for (; index > 0 && *state; index--) state += strlen(state) + 1;
  return state;
}

int op_hook(struct context *c, const struct field *f) {
  char **argv = list_vector(&f[F_hook_args]), **envp = list_vector(&f[F_hook_env]);
  if (envp && f[F_hook_home].number && c->home[0]) envp[f[F_hook_env].count] = c->home;
  struct hook hook = {f[F_hook_path].text,
                      argv,
                      envp,
                      state_at(c, f[F_hook_state].number),
                      (uint32_t)f[F_hook_timeout].number,
                      f[F_hook_cwd].text,
                      c->hook_filter.length ? &c->hook_filter : NULL,
                      c->hook_filter_flags};
  static struct hook_output output; /* static: the failure report refers to it */
  int result = argv && envp ? hook_run(&hook, &output) : -ENOMEM;
  if (result < 0) c->output = &output;
  free(argv);
  free(envp);
  return result;
}

int op_exec(struct context *c, const struct field *f) {
  char **argv = list_vector(&f[F_exec_args]), **envp = list_vector(&f[F_exec_env]);
  if (!argv || !envp) return -ENOMEM;
  if (c->home[0]) envp[f[F_exec_env].count] = c->home;
  /* Close-on-exec alone is not enough: a program named /proc/self/fd/N/... would still be found (CVE-2024-21626).
   * Uses close(2), since a loaded seccomp profile may be older than close_range. */
  const int own[] = {c->listen_fd, c->plan_fd, c->root_fd, c->proc_fd, c->target_fd, c->vmm_fd};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    if (own[i] >= 0) close(own[i]);
  }
  return as_result(execve(c->program, argv, envp));
}

static int keep_over_exec(int fd) { return fd < 0 ? 0 : as_result(fcntl(fd, F_SETFD, 0)); }

int op_exec_vmm(struct context *c, const struct field *f) {
  int handed_on[5 + LIBRARY_SLOTS] = {c->plan_fd, c->sync_fd, c->listen_fd, c->root_fd, c->door_fd};
  char channels[320];
  char *argv[] = {"kago", "--stage=vmm", NULL};
  for (int i = 0; i < LIBRARY_SLOTS; i++) handed_on[5 + i] = c->libraries[i] - 1;
  int size = snprintf(channels, sizeof channels, "KAGO_CHANNELS=%d", handed_on[0]);
  for (size_t i = 1; i < sizeof handed_on / sizeof *handed_on; i++) {
    size += snprintf(channels + size, sizeof channels - (size_t)size, ",%d", handed_on[i]);
  }
  char **envp = list_vector(&f[F_exec_vmm_env]);
  if (!envp) return -ENOMEM;
  envp[f[F_exec_vmm_env].count] = channels;
  for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++) {
    int result = keep_over_exec(handed_on[i]);
    if (result < 0) return result;
  }
  return exec_hidden(c->vmm_fd, argv, envp);
}
