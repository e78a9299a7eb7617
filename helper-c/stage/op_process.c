/* Operations on the process itself: limits, identity, capabilities, working directory. Attributes that the kernel
 * keeps per thread are set with on_all_threads, because a microVM's VMM has many threads. They use raw system calls,
 * because libc's setuid and the like would signal all threads a second time. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/exec_hidden.h"
#include "../common/kernel.h"

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

struct limit {
  uint64_t soft, hard;
};

static int change_limit(uint64_t resource, const struct limit *new, struct limit *old) {
  return (int)raw_syscall(SYS_prlimit64, 0, (long)resource, (long)new, (long)old, 0, 0);
}

int op_rlimit(struct context *c, const struct field *f) {
  (void)c;
  const struct limit limit = {f[F_rlimit_soft].number, f[F_rlimit_hard].number};
  return change_limit(f[F_rlimit_resource].number, &limit, NULL);
}

int op_hard_limit(struct context *c, const struct field *f) {
  (void)c;
  struct limit limit;
  int result = change_limit(f[F_hard_limit_resource].number, NULL, &limit);
  if (result < 0 || limit.hard >= f[F_hard_limit_hard].number) return result;
  limit.hard = f[F_hard_limit_hard].number;
  return change_limit(f[F_hard_limit_resource].number, &limit, NULL);
}

int op_raise_limit(struct context *c, const struct field *f) {
  (void)c;
  const uint64_t resource = f[F_raise_limit_resource].number, most = f[F_raise_limit_most].number;
  struct limit limit;
  int result = change_limit(resource, NULL, &limit);
  if (result < 0) return result;
  const struct limit soft = {limit.hard, limit.hard};
  if (limit.hard < most) limit.hard = most;
  limit.soft = limit.hard;
  result = change_limit(resource, &limit, NULL);
  /* Without CAP_SYS_RESOURCE, or above the sysctl fs.nr_open. */
  return result == -EPERM ? change_limit(resource, &soft, NULL) : result;
}

int op_soft_limit(struct context *c, const struct field *f) {
  (void)c;
  struct rlimit limit;
  int result = as_result(getrlimit((int)f[F_soft_limit_resource].number, &limit));
  if (result < 0 || limit.rlim_cur <= f[F_soft_limit_soft].number) return result;
  limit.rlim_cur = f[F_soft_limit_soft].number;
  return as_result(setrlimit((int)f[F_soft_limit_resource].number, &limit));
}

int op_umask(struct context *c, const struct field *f) {
  (void)c;
  umask((mode_t)f[F_umask_mask].number);
  return 0;
}

static int make_folders(const char *path) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part) return -ENAMETOOLONG;
  for (size_t at = 1; at <= length; at++) {
    if (path[at] != '/' && path[at] != 0) continue;
    memcpy(part, path, at);
    part[at] = 0;
    int result = as_result(mkdir(part, 0755));
    if (result < 0 && result != -EEXIST) return result;
  }
  return 0;
}

/* A working directory outside the root is shown as "(unreachable)" or not at all (CVE-2024-21626). */
static int check_cwd(void) {
  char path[PATH_MAX];
  long length = raw_syscall(SYS_getcwd, (long)path, sizeof path, 0, 0, 0, 0);
  if (length < 0) return (int)length;
  return path[0] == '/' ? 0 : -EXDEV;
}

int op_prepare_cwd(struct context *c, const struct field *f) {
  int result = as_result(chdir(f[F_prepare_cwd_path].text));
  if (result == -ENOENT && f[F_prepare_cwd_make].number) {
    result = make_folders(f[F_prepare_cwd_path].text);
    if (result == 0) result = as_result(chdir(f[F_prepare_cwd_path].text));
  }
  /* A directory that root may not enter (NFS with root squashed) may be accessible to the user: chdir tries again. */
  if (result == -EACCES) return 0;
  if (result == 0) result = check_cwd();
  c->in_cwd = result == 0;
  return result;
}

int op_chdir(struct context *c, const struct field *f) {
  if (c->in_cwd) return 0;
  int result = as_result(chdir(f[F_chdir_path].text));
  return result < 0 ? result : check_cwd();
}

static int drop_bounding(void *argument) {
  uint64_t mask = *(uint64_t *)argument;
  for (int capability = 0; capability < 64; capability++) {
    if (mask >> capability & 1) continue;
    long result = raw_syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0, 0);
    if (result == -EINVAL) return 0; /* above this kernel's last capability */
    if (result < 0) return (int)result;
  }
  return 0;
}

int op_cap_bounding(struct context *c, const struct field *f) {
  uint64_t mask = f[F_cap_bounding_mask].number;
  return c->on_all_threads(c, drop_bounding, &mask);
}

static int set_keep_caps(void *argument) {
  (void)argument;
  return (int)raw_syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0, 0);
}

int op_keep_caps(struct context *c, const struct field *f) {
  (void)f;
  return c->on_all_threads(c, set_keep_caps, NULL);
}

struct groups {
  const struct field *list;
  gid_t *gids;
};

static int call_setgroups(void *argument) {
  struct groups *groups = argument;
  return (int)raw_syscall(SYS_setgroups, groups->list->count, (long)groups->gids, 0, 0, 0, 0);
}

int op_setgroups(struct context *c, const struct field *f) {
  struct groups groups = {&f[F_setgroups_gids], calloc(f[F_setgroups_gids].count + 1, sizeof(gid_t))};
  if (!groups.gids) return -ENOMEM;
  for (uint32_t i = 0; i < f[F_setgroups_gids].count; i++) groups.gids[i] = list_number(&f[F_setgroups_gids], i);
  int result = c->on_all_threads(c, call_setgroups, &groups);
  free(groups.gids);
  return result;
}

static int call_setgid(void *argument) {
  long gid = *(uint32_t *)argument;
  return (int)raw_syscall(SYS_setresgid, gid, gid, gid, 0, 0, 0);
}

int op_setgid(struct context *c, const struct field *f) {
  uint32_t gid = (uint32_t)f[F_setgid_gid].number;
  if (gid == UINT32_MAX) return -EINVAL; /* to the kernel, "leave unchanged" */
  int result = c->on_all_threads(c, call_setgid, &gid);
  stay_hidden();
  return result;
}

static int call_setuid(void *argument) {
  long uid = *(uint32_t *)argument;
  return (int)raw_syscall(SYS_setresuid, uid, uid, uid, 0, 0, 0);
}

int op_setuid(struct context *c, const struct field *f) {
  uint32_t uid = (uint32_t)f[F_setuid_uid].number;
  if (uid == UINT32_MAX) return -EINVAL; /* to the kernel, "leave unchanged" */
  int result = c->on_all_threads(c, call_setuid, &uid);
  stay_hidden();
  return result;
}

static int call_capset(void *argument) {
  const struct field *f = argument;
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data data[2];
  for (int word = 0; word < 2; word++) {
    data[word].effective = (uint32_t)(f[F_capset_effective].number >> 32 * word);
    data[word].permitted = (uint32_t)(f[F_capset_permitted].number >> 32 * word);
    data[word].inheritable = (uint32_t)(f[F_capset_inheritable].number >> 32 * word);
  }
  return (int)raw_syscall(SYS_capset, (long)&header, (long)data, 0, 0, 0, 0);
}

int op_capset(struct context *c, const struct field *f) { return c->on_all_threads(c, call_capset, (void *)f); }

static int set_ambient(void *argument) {
  uint64_t mask = *(uint64_t *)argument;
  long result = raw_syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0);
  for (int capability = 0; capability < 64 && result >= 0; capability++) {
    if (mask >> capability & 1) {
      result = raw_syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0, 0);
    }
  }
  return (int)(result < 0 ? result : 0);
}

int op_cap_ambient(struct context *c, const struct field *f) {
  uint64_t mask = f[F_cap_ambient_mask].number;
  return c->on_all_threads(c, set_ambient, &mask);
}

static int set_no_new_privileges(void *argument) {
  (void)argument;
  return (int)raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
}

int op_no_new_privileges(struct context *c, const struct field *f) {
  (void)f;
  return c->on_all_threads(c, set_no_new_privileges, NULL);
}

int close_all_but(unsigned first, const int *kept, int count) {
  for (;;) {
    unsigned next = ~0u;
    for (int i = 0; i < count; i++) {
      if (kept[i] >= 0 && (unsigned)kept[i] >= first && (unsigned)kept[i] < next) next = (unsigned)kept[i];
    }
    int result = next > first ? sys_close_range(first, next == ~0u ? next : next - 1, 0) : 0;
    if (result < 0 || next == ~0u) return result;
    first = next + 1;
  }
}

int op_close_fds(struct context *c, const struct field *f) {
  if (f[F_close_fds_preserve].number > INT_MAX - 3) return -EINVAL;
  c->preserved = (unsigned)f[F_close_fds_preserve].number;
  int own[STAGE_DESCRIPTORS];
  stage_descriptors(c, own);
  return close_all_but(3 + c->preserved, own, STAGE_DESCRIPTORS);
}
