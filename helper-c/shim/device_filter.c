/* The device rules of a cgroup of v2: a BPF program of the type CGROUP_DEVICE (bpf(2)). What it decides is Main's
 * (runtime/cgroup/devices/device_program.ts); this module loads it and swaps it for the one before. */
#include "shim.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By which our programs are told from those of others on the same cgroup, such as systemd's. */
#define FILTER_NAME "kago_devices"

/* The kernel attaches no more to one cgroup. */
#define MAX_PROGRAMS 64

static int sys_bpf(enum bpf_cmd command, union bpf_attr *attr) {
  long result = syscall(SYS_bpf, command, attr, sizeof *attr);
  return result < 0 ? -errno : (int)result;
}

static uint64_t address(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

static int is_ours(int program) {
  struct bpf_prog_info info = {0};
  union bpf_attr attr = {.info = {.bpf_fd = (uint32_t)program, .info_len = sizeof info, .info = address(&info)}};
  int result = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
  return result < 0 ? result : !strcmp(info.name, FILTER_NAME);
}

/* The program that we attached: descriptor, or -ENOENT. One that we may not look at is another's. */
static int find_attached(int cgroup) {
  uint32_t ids[MAX_PROGRAMS];
  union bpf_attr query = {.query = {.target_fd = (uint32_t)cgroup,
                                    .attach_type = BPF_CGROUP_DEVICE,
                                    .prog_ids = address(ids),
                                    .prog_cnt = MAX_PROGRAMS}};
  int result = sys_bpf(BPF_PROG_QUERY, &query);
  if (result < 0) return result;
  for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
    union bpf_attr attr = {.prog_id = ids[i]};
    int program = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
    if (program < 0) continue;
    if (is_ours(program) > 0) return program;
    close(program);
  }
  return -ENOENT;
}

/* With a `log` the verifier tells there what it thinks, which takes it longer. */
static int load(const uint8_t *code, uint32_t size, char *log, uint32_t log_size) {
  union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                         .insns = address(code),
                         .insn_cnt = size / sizeof(struct bpf_insn),
                         .license = address("Apache-2.0"),
                         .prog_name = FILTER_NAME};
  if (log) {
    attr.log_level = 1;
    attr.log_buf = address(log);
    attr.log_size = log_size;
  }
  return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* Atomically in place of `old`, unless that is negative: there is no moment without rules. */
static int attach(int cgroup, int program, int old) {
  union bpf_attr attr = {.target_fd = (uint32_t)cgroup,
                         .attach_bpf_fd = (uint32_t)program,
                         .attach_type = BPF_CGROUP_DEVICE,
                         .attach_flags = BPF_F_ALLOW_MULTI};
  if (old >= 0) {
    attr.attach_flags |= BPF_F_REPLACE;
    attr.replace_bpf_fd = (uint32_t)old;
  }
  return sys_bpf(BPF_PROG_ATTACH, &attr);
}

static int detach(int cgroup, int program) {
  union bpf_attr attr = {.target_fd = (uint32_t)cgroup, .attach_bpf_fd = (uint32_t)program, .attach_type = BPF_CGROUP_DEVICE};
  return sys_bpf(BPF_PROG_DETACH, &attr);
}

static int set_filter(int cgroup, int old, const uint8_t *code, uint32_t size, char *problem, uint32_t problem_size) {
  static const char LOAD[] = "BPF_PROG_LOAD ";
  if (size == 0) {
    snprintf(problem, problem_size, "BPF_PROG_DETACH");
    return old < 0 ? 0 : detach(cgroup, old);
  }
  int program = load(code, size, NULL, 0);
  if (program < 0) {
    snprintf(problem, problem_size, LOAD);
    /* Once more for its log; the first answer stays the result. */
    int again = load(code, size, problem + sizeof LOAD - 1, problem_size - (sizeof LOAD - 1));
    if (again >= 0) close(again);
    return program;
  }
  snprintf(problem, problem_size, "BPF_PROG_ATTACH");
  int result = attach(cgroup, program, old);
  close(program);
  return result;
}

int kago_set_device_filter(int cgroup_fd, const uint8_t *code, uint32_t size, char *problem, uint32_t problem_size) {
  int old = find_attached(cgroup_fd);
  if (old < 0 && old != -ENOENT) {
    snprintf(problem, problem_size, "BPF_PROG_QUERY");
    return old;
  }
  int result = set_filter(cgroup_fd, old, code, size, problem, problem_size);
  if (old >= 0) close(old);
  return result;
}
