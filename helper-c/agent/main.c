/* The program that libkrun's guest init executes, in the root that the VMM made for it (helper-c/stage/op_agent.c). It
 * mounts the container's root filesystem, starts the container's process from the plan in /plan as process 1 of a pid
 * namespace, and exits with its exit code, with which libkrun then ends the VMM.
 *
 *   /init.krun (1) ── /agent ──► the container's process, and what it starts: in a pid and mount namespace and a cgroup
 *                        ├─────► the relay of its standard streams (guest_streams.c)
 *                        └─────► a process for each connection of the host's (serve.h) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/clock.h"
#include "../common/kernel.h"
#include "../common/signals.h"
#include "agent.h"
#include "serve.h"

/* The tag of the virtiofs device with the container's root filesystem (executors/libkrun/vm_ops.ts), and where the
 * plan expects it (executors/libkrun/guest/plan.ts). */
#define ROOT_TAG "kago"
#define ROOT_FOLDER "/root"

enum { SESSIONS_PATIENCE_MS = 5000 };

/* A request that libkrun's root virtiofs device handles: it sets the VMM's exit code. */
#define KRUN_EXIT_CODE _IO('v', 2)

static _Noreturn void give_up(const char *what, int error) {
  fprintf(stderr, "kago: in the guest: %s: %s\n", what, strerror(error));
  fflush(stderr);
  _exit(EXIT_SETUP_FAILED);
}

static void load_plan(struct plan *plan) {
  int fd = open("/plan", O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) < 0) give_up("open /plan", errno);
  void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) give_up("allocate memory", errno);
  ssize_t size = read(fd, bytes, (size_t)info.st_size);
  close(fd);
  struct plan_fault fault;
  if (size != info.st_size || plan_check(bytes, (size_t)size, plan, &fault) < 0) give_up("/plan", EBADMSG);
}

/* libkrun exits with 0 if no exit code was reported, as after a panic of the guest's kernel. libkrun's guest init
 * later reports this program's. */
static void expect_death(void) {
  int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ioctl(fd, KRUN_EXIT_CODE, EXIT_BY_SIGNAL + SIGKILL); /* a libkrun that does not know the request keeps 0 */
  close(fd);
}

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  /* If this kernel lacks a controller, only a figure is missing. */
  if (write(fd, text, strlen(text)) < 0) errno = 0;
  close(fd);
}

/* The process has the limits of a container on the host. The host's kernel may allow more open files than this
 * kernel's default, so the maximum in fs/file.c is set. */
static void allow_files(void) { write_text("/proc/sys/fs/nr_open", "2147483584"); }

/* Lets the container divide its cgroup among cgroups of its own, with every controller of this kernel. */
static void delegate_controllers(void) {
  char names[256], *rest = names;
  int fd = open("/sys/fs/cgroup/cgroup.controllers", O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, names, sizeof names - 1);
  if (fd >= 0) close(fd);
  names[size < 0 ? 0 : size] = 0;
  for (char *name; (name = strtok_r(rest, " \n", &rest));) {
    char enabled[sizeof names + 1];
    snprintf(enabled, sizeof enabled, "+%s", name);
    write_text("/sys/fs/cgroup/cgroup.subtree_control", enabled);
  }
}

static void make_cgroup(void) {
  delegate_controllers();
  if (mkdir(CONTAINER_CGROUP, 0755) < 0 && errno != EEXIST) give_up("mkdir " CONTAINER_CGROUP, errno);
}

static _Noreturn void start_program(const struct plan *plan, const struct streams *streams) {
  reset_signals();
  int result = streams_enter(streams);
  if (result == 0) result = as_result(unshare(CLONE_NEWCGROUP));
  if (result < 0) give_up("start the container's process", -result);
  become(plan, streams->sync[1]);
}

static pid_t clone_program(const struct plan *plan, const struct streams *streams) {
  pid_t pid = clone_in_cgroup(CONTAINER_CGROUP, CLONE_NEWPID | CLONE_NEWNS);
  if (pid == 0) start_program(plan, streams);
  if (pid < 0) give_up("start a process in " CONTAINER_CGROUP, -pid);
  return pid;
}

/* Reaps ended children: true if the program was among them, with its exit code. */
static bool reap(pid_t program, int *code) {
  int status;
  bool ended = false;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == program) *code = exit_code(status), ended = true;
  }
  return ended;
}

/* Serves the host from the hang-up of `begun` until the program has ended. Before, the program's root is not
 * complete, so a process must not enter its mount namespace, and a signal to process 1 would be lost. */
static int serve_program(const struct guest *guest, int listener, int children, int begun) {
  struct pollfd fds[] = {{.fd = children, .events = POLLIN}, {.fd = begun, .events = POLLIN}};
  struct signalfd_siginfo ignored;
  for (int code;;) {
    if (reap(guest->program, &code)) return code;
    if (poll(fds, 2, -1) < 0 && errno != EINTR) give_up("poll", errno);
    if (fds[0].revents && read(children, &ignored, sizeof ignored) < 0) continue;
    if (fds[1].revents && fds[1].fd == listener) serve_accept(listener, guest);
    if (fds[1].revents) fds[1].fd = listener;
  }
}

/* Reaps the processes of connections: true while others remain. One that relayed something extends the time for the
 * others. */
static bool reap_sessions(int64_t *end) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (exit_code(status) != EXIT_IDLE) *end = now_ms() + SESSIONS_PATIENCE_MS;
  }
  return pid == 0;
}

/* Sessions still report to the host how their processes ended; none of these outlives the program. Data that they
 * sent to sockets may be in flight, or wait for accept. */
static void await_sessions(const struct guest *guest, int listener, int children) {
  struct pollfd fds[] = {{.fd = children, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
  struct signalfd_siginfo ignored;
  int64_t end = now_ms() + SESSIONS_PATIENCE_MS;
  while (reap_sessions(&end) || sockets_have_clients()) {
    if (poll(fds, 2, left_ms(end)) <= 0) return;
    if (fds[0].revents && read(children, &ignored, sizeof ignored) < 0) return;
    if (fds[1].revents) serve_accept(listener, guest);
  }
}

static int watch_children(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Where the device has a window for DAX (virtiofs_shm_size), the mount must request DAX. By default this kernel uses
 * it only for files that libkrun marks, and libkrun marks none. A kernel without DAX returns EINVAL. */
static void mount_root(bool with_window) {
  if (with_window && mount(ROOT_TAG, ROOT_FOLDER, "virtiofs", 0, "dax=always") == 0) return;
  if (with_window && errno != EINVAL) give_up("mount the container's root", errno);
  if (mount(ROOT_TAG, ROOT_FOLDER, "virtiofs", 0, NULL) < 0) give_up("mount the container's root", errno);
}

/* `agent [dax]`: with the argument, the container's root has a window for DAX. */
int main(int argc, char **argv) {
  struct plan plan;
  struct streams streams;
  load_plan(&plan);
  expect_death();
  /* libkrun's guest init makes its mounts shared; the container's must not propagate to it. */
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) give_up("make mounts private", errno);
  mount_root(argc > 1 && strcmp(argv[1], "dax") == 0);
  const char *path = "";
  int result = sockets_open(&plan, ROOT_FOLDER, &path);
  if (result < 0) give_up(path, -result);
  make_cgroup();
  allow_files();
  result = network_up();
  if (result < 0) give_up("set up the network", -result);
  int children = watch_children();
  if (children < 0) give_up("signalfd", errno);
  int listener = serve_listen();
  if (listener < 0) give_up("listen for the host", -listener);
  result = streams_open(&streams, &plan);
  if (result < 0) give_up("connect the standard streams", -result);
  int begun[2]; /* the program's copy of begun[1] is closed with its other descriptors, once its root is complete */
  if (pipe2(begun, O_CLOEXEC) < 0) give_up("pipe2", errno);
  struct guest guest = {.program = clone_program(&plan, &streams), .cgroup = CONTAINER_CGROUP};
  guest.pidfd = sys_pidfd_open(guest.program);
  if (guest.pidfd < 0) give_up("pidfd_open", -guest.pidfd);
  close(begun[1]);
  result = streams_relay(&streams, guest.program);
  if (result < 0) give_up("relay the standard streams", -result);
  int code = serve_program(&guest, listener, children, begun[0]);
  streams_drain(&streams);
  await_sessions(&guest, listener, children);
  return code;
}
