/* What the program inherits of its caller: no signals, no descriptors but those that it shall have, the cgroup asked
 * for; and what the caller keeps while it spawns. */
#include "../check.h"
#include "../../common/context.h"
#include "../stage_fixture.h"

#include <sched.h>
#include <sys/mount.h>

/* The value of a line of /proc/PID/status in the program's output. */
static unsigned long long status_mask(const char *status, const char *key) {
  const char *line = strstr(status, key);
  CHECK(line);
  return strtoull(line + strlen(key), NULL, 16);
}

TEST(the_callers_ignored_and_blocked_signals_do_not_reach_the_program) {
  sigset_t all;
  sigfillset(&all);
  for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_DFL); /* the frame of these tests waits for children */
  sigprocmask(SIG_BLOCK, &all, NULL);
  write_program_plan(STRINGS("cat", "/proc/self/status"));
  const char *status = output_of_plan();
  EQUAL(status_mask(status, "\nSigIgn:\t"), 0);
  EQUAL(status_mask(status, "\nSigBlk:\t"), 0);
  EQUAL(status_mask(status, "\nSigCgt:\t"), 0);
}

/* Mount points and working directories that the stages make must be open to the container's user. */
TEST(the_callers_umask_does_not_reach_the_stages) {
  umask(0777);
  write_program_plan(STRINGS("sh", "-c", "umask"));
  EQUAL_TEXT(output_of_plan(), "0022\n");
}

static int marked; /* of the last handler */

static void mark(int number) {
  (void)number;
  marked = getpid();
}

/* The child shares the caller's memory until it execs: a handler that ran there would leave its pid. */
TEST(no_handler_of_the_caller_runs_in_the_child) {
  struct sigaction action = {.sa_handler = mark, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGCHLD, &action, NULL);
  struct itimerval often = {.it_interval = {.tv_usec = 200}, .it_value = {.tv_usec = 200}};
  setitimer(ITIMER_REAL, &often, NULL);
  int exe = stage_program(), plan = kago_memory_file("plan", (const uint8_t *)"x", 1);
  for (int i = 0; i < 200; i++) {
    int32_t pair[2];
    EQUAL(kago_socket_pair(pair), 0);
    int pid = spawn_with(exe, plan, pair[1], -1);
    CHECK(pid > 0);
    EQUAL(kago_wait(pid), 1 << 8);
    CHECK(marked == 0 || marked == getpid());
    close(pair[0]);
    close(pair[1]);
  }
  CHECK(marked != 0);
}

/* A plan whose shell prints the numbers of its open descriptors among these. */
static void write_descriptors_plan(uint32_t preserve) {
  begin_plan(&w);
  begin_init();
  begin_operation(&w, OP_close_fds);
  put_u32(&w, preserve);
  put_program(STRINGS("sh", "-c", "for n in 0 1 2 3 4 5 50 99; do [ -e /proc/$$/fd/$n ] && printf '%s ' $n; done; :"));
}

/* Descriptors 3, 4, 5 and 50 without close-on-exec. */
static void open_inherited(void) {
  static const int numbers[] = {3, 4, 5, 50};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) CHECK(dup2(2, numbers[i]) == numbers[i]);
}

TEST(close_fds_closes_inherited_descriptors) {
  open_inherited();
  write_descriptors_plan(0);
  EQUAL_TEXT(output_of_plan(), "0 1 2 ");
}

TEST(close_fds_preserves_as_many_as_it_is_told) {
  open_inherited();
  write_descriptors_plan(2);
  EQUAL_TEXT(output_of_plan(), "0 1 2 3 4 ");
  write_descriptors_plan(48);
  EQUAL_TEXT(output_of_plan(), "0 1 2 3 4 5 50 ");
}

/* Whatever is preserved: kago's own descriptors close. ls shows the one that it reads the folder with. */
TEST(none_of_our_own_descriptors_reaches_the_program) {
  begin_plan(&w);
  begin_init();
  begin_operation(&w, OP_close_fds);
  put_u32(&w, 1000);
  put_program(STRINGS("ls", "/proc/self/fd"));
  EQUAL_TEXT(output_of_plan(), "0\n1\n2\n3\n");
}

/* This program again, as the VMM. */
__attribute__((constructor)) static void play_vmm(int argc, char **argv) {
  if (argc != 2 || strcmp(argv[0], "kago") || strcmp(argv[1], "--stage=vmm")) return;
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
  printf("%s %s\n%d\n", getenv("A"), getenv("KAGO_CHANNELS"), count);
  exit(0);
}

/* The next stage learns by KAGO_CHANNELS where its plan, Main, `start`, the root, an agent's folder, and the files of krunOpen
 * by their slots are. */
TEST(exec_vmm_hands_on_its_channels_and_nothing_else) {
  begin_plan(&w);
  begin_operation(&w, OP_krun_open);
  put_strs(&w, STRINGS("/no/firmware", "/etc/passwd"));
  put_strs(&w, STRINGS("/etc/group"));
  begin_init();
  begin_operation(&w, OP_close_fds);
  put_u32(&w, 0);
  begin_operation(&w, OP_exec_vmm);
  put_strs(&w, STRINGS("A=b", "PATH=/usr/bin:/bin"));
  int ends[2], listener = kago_listen("notify"), n[5 + LIBRARY_SLOTS], count, length;
  char text[256] = "";
  CHECK(pipe2(ends, O_CLOEXEC) == 0 && dup2(ends[1], 1) == 1);
  int vmm = kago_open("/proc/self/exe", O_RDONLY);
  end_plan(&w);
  struct stages s = spawn_vmm(w.bytes, w.size, listener, -1, vmm);
  await_child(&s);
  EQUAL(kago_wait(s.init), 0);
  CHECK(read(ends[0], text, sizeof text - 1) > 0);
  CHECK(!strncmp(text, "b ", 2));
  const char *at = text + 1;
  for (int i = 0; i < 5 + LIBRARY_SLOTS; i++) {
    /* plan, sync, listen; the second of what is loaded before, the first library */
    bool is_open = i < 3 || i == 5 + BEFORE_SLOT + 1 || i == 5 + LIBRARY_SLOT;
    CHECK(sscanf(at, "%*c%d%n", &n[i], &length) == 1);
    CHECK(is_open ? n[i] > 2 : n[i] == -1);
    at += length;
  }
  CHECK(sscanf(at, "\n%d", &count) == 1);
  EQUAL(count, 8); /* 0 to 2, and the five */
}

TEST(close_fds_refuses_a_count_that_wraps_around) {
  begin_plan(&w);
  begin_operation(&w, OP_close_fds);
  put_u32(&w, 0xffffffff);
  begin_init();
  put_program(STRINGS("true"));
  struct stages s = spawn_written(-1);
  expect_failed(s.sync, 0, 0, EINVAL);
}

TEST(the_callers_descriptors_stay_close_on_exec) {
  int32_t pair[2];
  EQUAL(kago_socket_pair(pair), 0);
  int exe = stage_program(), plan = kago_memory_file("plan", (const uint8_t *)"x", 1), listener = kago_listen("n");
  const struct stage_channels channels = {exe, plan, pair[1], listener, -1, -1, -1};
  EQUAL(kago_wait(kago_spawn(&channels)), 1 << 8);
  const int kept[] = {exe, plan, listener, pair[0], pair[1]};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) EQUAL(fcntl(kept[i], F_GETFD), FD_CLOEXEC);
}

/* In a mount namespace of its own, so that the host's cgroup mounts stay as they are. */
static void mount_cgroup2(void) {
  SKIP_UNLESS(unshare(CLONE_NEWNS) == 0, "needs CAP_SYS_ADMIN for a mount namespace");
  CHECK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
  CHECK(mkdir("cgroup", 0755) == 0 && mount("none", "cgroup", "cgroup2", 0, NULL) == 0);
}

TEST(the_stage_starts_in_the_cgroup_asked_for) {
  char name[64], path[128], expected[128];
  mount_cgroup2();
  snprintf(name, sizeof name, "kago-test-%d", getpid());
  snprintf(path, sizeof path, "cgroup/%s", name);
  CHECK(mkdir(path, 0755) == 0);
  int cgroup = kago_open(path, O_DIRECTORY), ends[2];
  CHECK(cgroup >= 0 && pipe2(ends, O_CLOEXEC) == 0);
  dup2(ends[1], 1);
  write_program_plan(STRINGS("cat", "/proc/self/cgroup"));
  end_plan(&w);
  struct stages s = spawn_bytes(w.bytes, w.size, -1, cgroup);
  int status = run_to_the_end(&s), removed = rmdir(path);
  char text[4096] = "";
  CHECK(read(ends[0], text, sizeof text - 1) > 0);
  EQUAL(status, 0);
  EQUAL(removed, 0);
  snprintf(expected, sizeof expected, "0::/%s\n", name);
  CHECK(strstr(text, expected));
}
