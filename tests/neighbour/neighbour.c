/* A hostile neighbour: walks /proc and tries everything that gives it a hold on a process that it can see, until its input
 * ends. Each hold that it gets is a line of six fields: whose process it is ("runtime" or "other"), pid, comm, executable,
 * kind of hold, what it was.
 *
 *   neighbour WORKERS MARKER     MARKER: a folder of the host's where a way to its root is looked for, and a file made
 *
 * It does harm only to processes of a container runtime; on all others it reads links. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 8, RECORDS = 1 << 16, TARGETS = 128, PIDS = 1 << 22, PATH = 512, FORGET_AFTER = 2000 };

struct hold {
  char kind[24], what[PATH];
};

struct target {
  int folder, pid;
  char comm[32], exe[PATH];
  struct hold holds[TARGETS];
  int count;
};

static const char *marker;
static uint64_t told[RECORDS];
static uint8_t kernel_threads[PIDS / 8];

static void got(struct target *t, const char *kind, const char *what) {
  if (t->count == TARGETS) return;
  struct hold *hold = &t->holds[t->count++];
  snprintf(hold->kind, sizeof hold->kind, "%s", kind);
  snprintf(hold->what, sizeof hold->what, "%s", what);
}

static bool read_small(const struct target *t, const char *name, char *text, size_t size) {
  int fd = openat(t->folder, name, O_RDONLY);
  ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = 0;
  text[strcspn(text, "\n")] = 0;
  return length > 0;
}

static bool read_link(const struct target *t, const char *name, char *text) {
  ssize_t length = readlinkat(t->folder, name, text, PATH - 1);
  text[length > 0 ? length : 0] = 0;
  return length > 0;
}

/* Whether a record is a new one; the table is never full, because what finds no place in it counts as told. */
static bool is_new(const char *record) {
  uint64_t hash = 14695981039346656037u;
  for (const char *at = record; *at; at++) hash = (hash ^ (uint8_t)*at) * 1099511628211u;
  hash |= 1;
  for (unsigned i = 0; i < 64; i++) {
    uint64_t *place = &told[(hash + i) % RECORDS];
    if (*place == hash) return false;
    if (*place == 0) {
      *place = hash;
      return true;
    }
  }
  return false;
}

/* A stage of a runtime, as opposed to a program of a user's. runc's executable is in a detached mount, which shows as "/". */
static bool is_runtime(const struct target *t) {
  static const char *const names[] = {"kago", "runc", "crun"};
  const char *slash = strrchr(t->exe, '/');
  const char *base = slash && slash[1] ? slash + 1 : t->comm;
  const char *memory = strncmp(t->exe, "/memfd:", 7) == 0 ? t->exe + 7 : base;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strncmp(memory, names[i], 4) == 0) return true;
  }
  return false;
}

static void tell(const struct target *t) {
  for (int i = 0; i < t->count; i++) {
    char line[2 * PATH + 128];
    const struct hold *hold = &t->holds[i];
    int length = snprintf(line, sizeof line, "%s\t%d\t%s\t%s\t%s\t%s\n", is_runtime(t) ? "runtime" : "other", t->pid, t->comm,
                          t->exe, hold->kind, hold->what);
    if (is_new(line) && write(STDOUT_FILENO, line, (size_t)length) != length) _exit(2);
  }
}

static void try_folder(struct target *t, const char *name) {
  char path[PATH];
  struct stat info;
  if (!read_link(t, name, path)) return;
  got(t, name, path);
  snprintf(path, sizeof path, "%s%s", name, marker);
  if (fstatat(t->folder, path, &info, 0) == 0) got(t, name, "leads to the host's files");
  if (!is_runtime(t)) return;
  snprintf(path, sizeof path, "%s%s/from_%d", name, marker, getpid());
  int fd = openat(t->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  close(fd);
  unlinkat(t->folder, path, 0);
  got(t, name, "writes the host's files");
}

/* Every entry of a folder of links: where it leads, and for a runtime's process, whether it can be opened. */
static void try_links(struct target *t, const char *folder, const char *kind) {
  int fd = openat(t->folder, folder, O_RDONLY | O_DIRECTORY);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    char name[300], path[PATH], opened[32];
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%.200s", folder, entry->d_name);
    if (!read_link(t, name, path)) continue;
    got(t, kind, path);
    struct stat info;
    /* Whoever opens a FIFO is a party to it: runc's start would find a reader that is gone again. */
    if (!is_runtime(t) || fstatat(t->folder, name, &info, 0) < 0 || S_ISFIFO(info.st_mode)) continue;
    int file = openat(t->folder, name, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (file < 0) file = openat(t->folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (file < 0) continue;
    snprintf(opened, sizeof opened, "%s opened", kind);
    got(t, opened, path);
    int pattern = openat(file, "sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
    if (pattern >= 0) got(t, opened, "for writing the host's core_pattern");
    if (pattern >= 0) close(pattern);
    if (strcmp(kind, "ns") == 0) {
      pid_t child = fork();
      if (child == 0) _exit(setns(file, 0) == 0 ? 0 : 1);
      int status = 1;
      if (child > 0) waitpid(child, &status, 0);
      if (status == 0) got(t, "ns entered", path);
    }
    close(file);
  }
  closedir(entries);
}

static void try_memory(struct target *t) {
  int fd = openat(t->folder, "mem", O_RDWR);
  if (fd < 0) return;
  got(t, "mem", "opened");
  char maps[4096], byte;
  if (is_runtime(t) && read_small(t, "maps", maps, sizeof maps)) {
    off_t address = (off_t)strtoull(maps, NULL, 16);
    if (pread(fd, &byte, 1, address) == 1) got(t, "mem", "read");
    if (pwrite(fd, &byte, 1, address) == 1) got(t, "mem", "written");
  }
  close(fd);
}

static void try_files(struct target *t) {
  static const char *const names[] = {"environ", "maps", "auxv", "syscall", "stack", "smaps", "io", "pagemap"};
  char text[64];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (read_small(t, names[i], text, sizeof text)) got(t, "read", names[i]);
  }
}

static void try_ptrace(struct target *t) {
  if (ptrace(PTRACE_SEIZE, t->pid, 0, 0) < 0) return;
  got(t, "ptrace", "seized");
  ptrace(PTRACE_INTERRUPT, t->pid, 0, 0);
  int status;
  if (waitpid(t->pid, &status, __WALL) == t->pid && WIFSTOPPED(status)) ptrace(PTRACE_DETACH, t->pid, 0, 0);
}

static void try_calls(struct target *t) {
  char byte, path[PATH], name[32];
  struct iovec here = {&byte, 1}, there = {(void *)4096, 1};
  /* Where it is allowed, the address is what is wrong. */
  if (process_vm_readv(t->pid, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT) got(t, "process_vm_readv", "allowed");
  int process = (int)syscall(SYS_pidfd_open, t->pid, 0);
  for (int number = 0; process >= 0 && number < 64; number++) {
    int fd = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    if (fd < 0 && errno != EBADF) break;
    if (fd < 0) continue;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    got(t, "pidfd_getfd", path);
    close(fd);
  }
  if (process >= 0) close(process);
}

/* A process that has executed another program meanwhile: only that it was seen as the runtime's is certain then. */
static void forget_changed(struct target *t, bool visible) {
  char after[PATH], before[PATH];
  if (!read_link(t, "exe", after) || strcmp(after, t->exe) == 0) return;
  memcpy(before, t->exe, sizeof before);
  memcpy(t->exe, after, sizeof after);
  if (!visible && is_runtime(t)) return;
  memcpy(t->exe, before, sizeof before);
  t->count = visible && is_runtime(t) ? 1 : 0;
}

static void try_all(struct target *t) {
  bool visible = read_link(t, "exe", t->exe);
  if (!read_small(t, "comm", t->comm, sizeof t->comm) || strcmp(t->comm, "neighbour") == 0) return;
  if (visible) got(t, "exe", "");
  if (visible || is_runtime(t)) {
    try_folder(t, "root");
    try_folder(t, "cwd");
    try_links(t, "fd", "fd");
    try_links(t, "ns", "ns");
    try_files(t);
  }
  try_memory(t);
  if (!visible || is_runtime(t)) {
    try_links(t, "map_files", "map_files");
    try_ptrace(t);
    try_calls(t);
  }
  if (t->count > 0) forget_changed(t, visible);
  if (t->count == 0) return;
  if (visible || (read_small(t, "comm", t->comm, sizeof t->comm) && is_runtime(t))) tell(t);
}

/* PF_KTHREAD, the ninth field; the name before it may hold anything but ends at the last parenthesis. */
static bool is_kernel_thread(const struct target *t) {
  char stat[512];
  unsigned flags = 0;
  if (!read_small(t, "stat", stat, sizeof stat)) return false;
  const char *fields = strrchr(stat, ')');
  if (fields && sscanf(fields, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1) return false;
  return flags & 0x00200000;
}

static void look_at(int proc, const char *name) {
  static struct target t;
  t.pid = atoi(name);
  t.count = 0;
  if (t.pid <= 0 || t.pid >= PIDS || kernel_threads[t.pid / 8] >> t.pid % 8 & 1) return;
  t.folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (t.folder < 0) return;
  if (is_kernel_thread(&t)) kernel_threads[t.pid / 8] |= (uint8_t)(1 << t.pid % 8);
  else try_all(&t);
  close(t.folder);
}

static void walk(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  signal(SIGCHLD, SIG_DFL);
  DIR *proc = opendir("/proc");
  for (unsigned round = 0; proc; round++) {
    /* Numbers are given again. */
    if (round % FORGET_AFTER == 0) memset(kernel_threads, 0, sizeof kernel_threads);
    rewinddir(proc);
    for (struct dirent *entry; (entry = readdir(proc));) look_at(dirfd(proc), entry->d_name);
  }
  _exit(2);
}

/* A worker that has ended has seen nothing since: a line that is none. */
static void tell_end(int number) {
  (void)number;
  if (write(STDOUT_FILENO, "a worker has ended\n", 19) != 19) _exit(2);
}

int main(int argc, char **argv) {
  int workers = argc == 3 ? atoi(argv[1]) : 0;
  if (workers < 1 || workers > WORKERS) return 1;
  marker = argv[2];
  pid_t children[WORKERS];
  signal(SIGCHLD, tell_end);
  for (int i = 0; i < workers; i++) {
    children[i] = fork();
    if (children[i] < 0) return 2;
    if (children[i] == 0) walk();
  }
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) return 2;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  signal(SIGCHLD, SIG_DFL);
  for (int i = 0; i < workers; i++) kill(children[i], SIGKILL);
  while (wait(NULL) > 0) continue;
  return 0;
}
