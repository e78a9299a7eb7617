/* A process beside kago's in one pid namespace, which tries every way into another process:
 *
 *   neighbour PID          prints `allowed:` with the ways that PID left open
 *   neighbour watch TEST   prints `watching`, and until it is killed `PID WAY` for each way into a process of kago's that
 *                          the process TEST, a test, has started: other tests may run other builds beside it
 *   neighbour wait         does nothing until it is killed */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static const struct {
  const char *name;
  int flags;
} FILES[] = {{"root/", O_PATH},    {"cwd/", O_PATH},     {"exe", O_RDONLY},     {"mem", O_RDWR},       {"environ", O_RDONLY},
             {"maps", O_RDONLY},   {"auxv", O_RDONLY},   {"ns/mnt", O_RDONLY},  {"ns/user", O_RDONLY}, {"fd/0", O_PATH},
             {"fd/3", O_PATH},     {"fd/4", O_PATH},     {"fd/5", O_PATH},      {"fd/6", O_PATH},      {"fd/7", O_PATH}};

static int opens(int pid, const char *name, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) return 0;
  close(fd);
  return 1;
}

static int lists(int pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  DIR *folder = opendir(path);
  int entries = 0;
  while (folder && readdir(folder)) entries++;
  if (folder) closedir(folder);
  return entries > 2;
}

/* The numbers of its descriptors are root's to see, as every process's are; what they lead to is not. */
static int names_descriptor(int pid) {
  char path[64], target[256];
  int named = 0;
  for (int fd = 0; fd < 64; fd++) {
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    if (readlink(path, target, sizeof target) > 0) named++;
  }
  return named;
}

static int traces(int pid) {
  if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0) return 0;
  ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  waitpid(pid, NULL, __WALL);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  return 1;
}

static int steals(int pid) {
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), found = 0;
  for (int fd = 0; pidfd >= 0 && fd < 64 && !found; fd++) {
    int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    found = copy >= 0;
    if (copy >= 0) close(copy);
  }
  if (pidfd >= 0) close(pidfd);
  return found;
}

/* An address that is not mapped is refused only to whoever may look. */
static int reads(int pid) {
  char byte;
  struct iovec own = {&byte, 1}, theirs = {(void *)8, 1};
  return process_vm_readv(pid, &own, 1, &theirs, 1, 0) == 1 || errno == EFAULT;
}

typedef void tell(int pid, const char *way);

static void try_all(int pid, tell *tell_way) {
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
    if (opens(pid, FILES[i].name, FILES[i].flags)) tell_way(pid, FILES[i].name);
  }
  if (lists(pid, "map_files")) tell_way(pid, "map_files");
  if (names_descriptor(pid)) tell_way(pid, "fd");
  if (reads(pid)) tell_way(pid, "process_vm_readv");
  if (steals(pid)) tell_way(pid, "pidfd_getfd");
  if (traces(pid)) tell_way(pid, "ptrace");
}

static void name_way(int pid, const char *way) {
  (void)pid;
  printf(" %s", way);
}

static int test_pid;

/* What everybody may read of a process, up to a NUL. */
static const char *read_of(int pid, const char *name) {
  static char text[4096];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[n > 0 ? n : 0] = 0;
  return text;
}

static int parent_of(int pid) {
  int parent = 0;
  const char *end = strrchr(read_of(pid, "stat"), ')');
  return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* By its ancestors, or by its cgroup, whose name is its container's and tells the test. */
static int is_of_test(int pid) {
  char id[32];
  snprintf(id, sizeof id, "kago-test-%d-", test_pid);
  if (strstr(read_of(pid, "cgroup"), id)) return 1;
  for (int depth = 0; pid > 1 && depth < 10; depth++) {
    if (pid == test_pid) return 1;
    pid = parent_of(pid);
  }
  return 0;
}

static int is_kago(int pid) {
  const char *text = read_of(pid, "cmdline"), *slash = strrchr(text, '/');
  return !strncmp(slash ? slash + 1 : text, "kago", 4) && is_of_test(pid);
}

/* What has become its program meanwhile is kago's no more. */
static void name_if_kago(int pid, const char *way) {
  if (!is_kago(pid)) return;
  printf("%d %s\n", pid, way);
  fflush(stdout);
}

static _Noreturn void watch(void) {
  printf("watching\n");
  fflush(stdout);
  for (;;) {
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
      int pid = isdigit((unsigned char)*entry->d_name) ? atoi(entry->d_name) : 0;
      if (pid > 0 && pid != getpid() && is_kago(pid)) try_all(pid, name_if_kago);
    }
    if (folder) closedir(folder);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  test_pid = argc > 2 ? atoi(argv[2]) : 0;
  if (!strcmp(argv[1], "watch")) watch();
  for (bool waits = !strcmp(argv[1], "wait"); waits;) pause();
  int pid = atoi(argv[1]);
  if (!opens(pid, "status", O_RDONLY)) return 3;
  printf("allowed:");
  try_all(pid, name_way);
  printf("\n");
  return opens(pid, "status", O_RDONLY) ? 0 : 3;
}
