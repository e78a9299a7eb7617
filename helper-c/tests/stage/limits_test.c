/* Operations on limits, the mask for new files, the working directory and descriptors. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../common/context.h"

static struct context c = {.sync_fd = -1,
                           .listen_fd = -1,
                           .target_fd = -1,
                           .report_fd = -1,
                           .plan_fd = -1,
                           .root_fd = -1,
                           .door_fd = -1,
                           .run_fd = -1,
                           .agent_fd = -1,
                           .proc_fd = -1,
                           .vmm_fd = -1};

static struct rlimit limit_of(int resource) {
  struct rlimit limit;
  CHECK(getrlimit(resource, &limit) == 0);
  return limit;
}

static int set_limit(uint64_t resource, uint64_t soft, uint64_t hard) {
  return op_rlimit(&c, (const struct field[]){{.number = resource}, {.number = soft}, {.number = hard}});
}

static int lower_soft_limit(uint64_t resource, uint64_t soft) {
  return op_soft_limit(&c, (const struct field[]){{.number = resource}, {.number = soft}});
}

TEST(a_limit_has_a_soft_and_a_hard_value) {
  EQUAL(set_limit(RLIMIT_NOFILE, 60, 90), 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, 60);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, 90);
  EQUAL(set_limit(RLIMIT_NOFILE, 91, 90), -EINVAL);
  EQUAL(set_limit(1000, 1, 1), -EINVAL);
}

TEST(a_hard_limit_is_raised_and_never_lowered) {
  EQUAL(set_limit(RLIMIT_NOFILE, 60, 90), 0);
  const long raised = op_hard_limit(&c, (const struct field[]){{.number = RLIMIT_NOFILE}, {.number = 80}});
  EQUAL(raised, 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, 90);
  const long result = op_hard_limit(&c, (const struct field[]){{.number = RLIMIT_NOFILE}, {.number = 95}});
  if (result == -EPERM) return; /* without CAP_SYS_RESOURCE */
  EQUAL(result, 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, 95);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, 60);
}

static int raise_limit(uint64_t resource, uint64_t most) {
  return op_raise_limit(&c, (const struct field[]){{.number = resource}, {.number = most}});
}

TEST(both_limits_are_raised_as_far_as_they_may_be_and_never_lowered) {
  EQUAL(set_limit(RLIMIT_NOFILE, 60, 90), 0);
  EQUAL(raise_limit(RLIMIT_NOFILE, 80), 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, 90);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, 90);
  EQUAL(set_limit(RLIMIT_NOFILE, 60, 90), 0);
  EQUAL(raise_limit(RLIMIT_NOFILE, 95), 0);
  const long hard = (long)limit_of(RLIMIT_NOFILE).rlim_max; /* 90 without CAP_SYS_RESOURCE */
  CHECK(hard == 95 || hard == 90);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, hard);
  EQUAL(raise_limit(RLIMIT_NOFILE, UINT64_MAX - 1), 0); /* no kernel has as many */
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, hard);
  EQUAL(raise_limit(1000, 1), -EINVAL);
}

TEST(a_soft_limit_is_lowered_and_never_raised) {
  EQUAL(set_limit(RLIMIT_NOFILE, 60, 90), 0);
  EQUAL(lower_soft_limit(RLIMIT_NOFILE, 70), 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, 60);
  EQUAL(lower_soft_limit(RLIMIT_NOFILE, 50), 0);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_cur, 50);
  EQUAL((long)limit_of(RLIMIT_NOFILE).rlim_max, 90);
}

TEST(the_mask_for_new_files_is_set) {
  EQUAL(op_umask(&c, &(struct field){.number = 027}), 0);
  EQUAL(umask(0), 027);
}

static const char *here(void) {
  static char path[PATH_MAX];
  CHECK(getcwd(path, sizeof path));
  return path;
}

static int prepare(const char *path, bool make) {
  return op_prepare_cwd(&c, (const struct field[]){{.text = path}, {.number = make}});
}

TEST(a_working_directory_is_made_only_when_that_is_asked_for) {
  char path[300];
  snprintf(path, sizeof path, "%s/a/b/c", check_folder);
  EQUAL(prepare(path, false), -ENOENT);
  CHECK(!c.in_cwd);
  EQUAL(prepare(path, true), 0);
  CHECK(c.in_cwd);
  EQUAL_TEXT(here(), path);
}

TEST(a_working_directory_that_is_entered_is_not_looked_up_again) {
  char path[300];
  snprintf(path, sizeof path, "%s/x", check_folder);
  EQUAL(prepare(path, true), 0);
  CHECK(rmdir(path) == 0);
  EQUAL(op_chdir(&c, &(struct field){.text = path}), 0);
}

TEST(a_working_directory_that_is_a_file_is_refused) {
  char path[300];
  snprintf(path, sizeof path, "%s/file", check_folder);
  close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL(prepare(path, true), -ENOTDIR);
  EQUAL(op_chdir(&c, &(struct field){.text = path}), -ENOTDIR);
}

/* By a descriptor of a folder outside the root a program would be back on the host (CVE-2024-21626). */
TEST(a_working_directory_outside_the_root_is_refused) {
  char path[64];
  SKIP_UNLESS(geteuid() == 0, "needs root for chroot");
  int outside = open("/", O_PATH | O_DIRECTORY);
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/proc", 0755) == 0);
  CHECK(mount("/proc", "root/proc", NULL, MS_BIND | MS_REC, NULL) == 0);
  int pid = fork();
  if (pid == 0) {
    CHECK(chroot("root") == 0 && chdir("/") == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", outside);
    EQUAL(prepare(path, false), -EXDEV);
    EQUAL(op_chdir(&c, &(struct field){.text = path}), -EXDEV);
    _exit(0);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK(umount2("root/proc", MNT_DETACH) == 0);
  EQUAL(status, 0);
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(all_descriptors_are_closed_but_the_preserved_and_our_own) {
  for (int fd = 3; fd < 12; fd++) CHECK(dup2(0, fd) == fd);
  c.sync_fd = 7;
  c.plan_fd = 9;
  EQUAL(op_close_fds(&c, &(struct field){.number = 2}), 0);
  static const int open_ones[] = {0, 1, 2, 3, 4, 7, 9}, closed[] = {5, 6, 8, 10, 11};
  for (size_t i = 0; i < sizeof open_ones / sizeof *open_ones; i++) CHECK(is_open(open_ones[i]));
  for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) CHECK(!is_open(closed[i]));
  EQUAL(c.preserved, 2);
}

TEST(a_count_of_preserved_descriptors_beyond_all_bounds_is_refused) {
  EQUAL(op_close_fds(&c, &(struct field){.number = INT_MAX}), -EINVAL);
}
