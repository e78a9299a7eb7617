/* kago_set_device_filter(): BPF programs on a cgroup of v2, asked by opening a device in it. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../../shim/shim.h"

static char folder[200];
static int cgroup = -1;
static char problem[4096];

/* r0 = VALUE; exit: whether access is granted. */
#define DECIDES(value) {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value}, {.code = BPF_JMP | BPF_EXIT}}

static const struct bpf_insn ALLOW[] = DECIDES(1), DENY[] = DECIDES(0);
static const struct bpf_insn NO_RESULT[] = {{.code = BPF_JMP | BPF_EXIT}};

static const char *unified(void) {
  static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
  struct statfs info;
  for (int i = 0; i < 2; i++) {
    if (statfs(places[i], &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return places[i];
  }
  return NULL;
}

static void make_cgroup(void) {
  const char *root = unified();
  SKIP_UNLESS(root && geteuid() == 0, "needs root and a cgroup v2 hierarchy");
  snprintf(folder, sizeof folder, "%s/kago-c-test-%d", root, getpid());
  CHECK(mkdir(folder, 0755) == 0);
  cgroup = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(cgroup >= 0);
}

/* The name lives on with the process, who may fail before it comes here: then the folder is left, empty. */
static void remove_cgroup(void) {
  close(cgroup);
  int error = rmdir(folder) < 0 ? errno : 0;
  for (int i = 0; i < 1000 && error; i++) {
    usleep(10000);
    error = rmdir(folder) < 0 ? errno : 0;
  }
  if (error) dprintf(2, "# rmdir %s: %s\n", folder, strerror(error));
  EQUAL(error, 0);
}

static int set(const struct bpf_insn *code, size_t size) {
  return kago_set_device_filter(cgroup, (const uint8_t *)code, (uint32_t)size, problem, sizeof problem);
}

/* The error of opening /dev/zero in the cgroup, 0 for none. */
static int error_inside(void) {
  char path[300];
  int status, pid = fork();
  if (pid == 0) {
    snprintf(path, sizeof path, "%s/cgroup.procs", folder);
    int procs = open(path, O_WRONLY);
    if (procs < 0 || write(procs, "0", 1) != 1) _exit(255);
    _exit(open("/dev/zero", O_RDONLY) < 0 ? errno : 0);
  }
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int attach_foreign(const struct bpf_insn *code, size_t size) {
  union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                         .insns = (uint64_t)(uintptr_t)code,
                         .insn_cnt = (uint32_t)(size / sizeof *code),
                         .license = (uint64_t)(uintptr_t) "GPL",
                         .prog_name = "another"};
  int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
  union bpf_attr attach = {.target_fd = (uint32_t)cgroup,
                           .attach_bpf_fd = (uint32_t)program,
                           .attach_type = BPF_CGROUP_DEVICE,
                           .attach_flags = BPF_F_ALLOW_MULTI};
  return program < 0 ? -errno : (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach);
}

TEST(a_program_decides_is_replaced_and_taken_away) {
  make_cgroup();
  EQUAL(error_inside(), 0);
  EQUAL(set(DENY, sizeof DENY), 0);
  EQUAL(error_inside(), EPERM);
  EQUAL(set(ALLOW, sizeof ALLOW), 0);
  EQUAL(error_inside(), 0);
  EQUAL(set(DENY, sizeof DENY), 0);
  EQUAL(set(NULL, 0), 0);
  EQUAL(error_inside(), 0);
  EQUAL(set(NULL, 0), 0);
  remove_cgroup();
}

TEST(a_program_that_the_kernel_refuses_changes_nothing_and_comes_with_its_log) {
  make_cgroup();
  EQUAL(set(DENY, sizeof DENY), 0);
  EQUAL(set(NO_RESULT, sizeof NO_RESULT), -EACCES);
  CHECK(strncmp(problem, "BPF_PROG_LOAD ", 14) == 0);
  CHECK(strstr(problem, "R0 !read_ok") != NULL);
  EQUAL(error_inside(), EPERM);
  remove_cgroup();
}

TEST(the_program_of_another_stays_when_ours_changes) {
  make_cgroup();
  EQUAL(attach_foreign(DENY, sizeof DENY), 0);
  EQUAL(set(ALLOW, sizeof ALLOW), 0);
  EQUAL(error_inside(), EPERM);
  EQUAL(set(NULL, 0), 0);
  EQUAL(error_inside(), EPERM);
  remove_cgroup();
}

TEST(what_is_no_cgroup_of_v2_is_told_with_the_step_that_failed) {
  cgroup = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  SKIP_UNLESS(geteuid() == 0, "needs root for bpf(2)");
  EQUAL(set(DENY, sizeof DENY), -EBADF);
  EQUAL_TEXT(problem, "BPF_PROG_QUERY");
}
