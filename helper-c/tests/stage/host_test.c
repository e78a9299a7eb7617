/* Operations that write to files of the kernel's, and others on what the process has of the host. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "../../common/context.h"

static int on_this_thread(struct context *c, int (*call)(void *), void *argument) {
  (void)c;
  return call(argument);
}

static struct context c = {.root_fd = -1, .proc_fd = -1, .on_all_threads = on_this_thread};

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for namespaces")

static const char *content(const char *path) {
  static char text[256];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  ssize_t n = read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  close(fd);
  return text;
}

static int sysctl(const char *key, const char *value) {
  return op_sysctl(&c, (const struct field[]){{.text = key}, {.text = value}});
}

TEST(a_kernel_parameter_is_set_by_its_path) {
  NEEDS_ROOT;
  CHECK(unshare(CLONE_NEWNET) == 0);
  EQUAL(sysctl("net/ipv4/ip_default_ttl", "77"), 0);
  EQUAL_TEXT(content("/proc/sys/net/ipv4/ip_default_ttl"), "77\n");
  EQUAL(sysctl("net/ipv4/ip_default_ttl", "none"), -EINVAL);
  EQUAL(sysctl("net/ipv4/no_such", "1"), -ENOENT);
}

TEST(a_kernel_parameter_leads_nowhere_but_to_proc_sys) {
  NEEDS_ROOT;
  EQUAL(sysctl("../self/oom_score_adj", "7"), -EXDEV);
  EQUAL(sysctl("/etc/hostname", "x"), -EXDEV);
  EQUAL(sysctl("net", "x"), -EISDIR);
}

/* What the container mounts on its /proc is none of our business (CVE-2019-19921). */
TEST(a_kernel_parameter_is_not_written_to_what_is_mounted_over_proc) {
  NEEDS_ROOT;
  CHECK(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
  CHECK(mkdir("/proc/sys", 0755) == 0 && mkdir("/proc/sys/net", 0755) == 0 && mkdir("/proc/sys/net/ipv4", 0755) == 0);
  close(open("/proc/sys/net/ipv4/ip_default_ttl", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL(sysctl("net/ipv4/ip_default_ttl", "77"), 0);
  EQUAL_TEXT(content("/proc/sys/net/ipv4/ip_default_ttl"), "");
}

TEST(a_file_of_the_host_is_written_as_it_is_or_not_at_all) {
  const struct field there[2] = {{.text = "file"}, {.text = "value"}};
  const struct field missing[2] = {{.text = "none"}, {.text = "value"}};
  close(open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL(op_write_file(&c, there), 0);
  EQUAL_TEXT(content("file"), "value");
  EQUAL(op_write_file(&c, missing), -ENOENT);
  CHECK(access("none", F_OK) < 0);
}

static bool has_ambient(int capability) { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) == 1; }

TEST(ambient_capabilities_are_those_asked_for_and_no_others) {
  enum { KILL = 5, CHOWN = 0 };
  const uint64_t both = 1u << KILL | 1u << CHOWN;
  SKIP_UNLESS(geteuid() == 0, "needs capabilities");
  EQUAL(op_capset(&c, (const struct field[]){{.number = both}, {.number = both}, {.number = both}}), 0);
  EQUAL(op_cap_ambient(&c, &(struct field){.number = both}), 0);
  CHECK(has_ambient(KILL) && has_ambient(CHOWN));
  EQUAL(op_cap_ambient(&c, &(struct field){.number = 1u << KILL}), 0);
  CHECK(has_ambient(KILL) && !has_ambient(CHOWN));
  EQUAL(op_cap_ambient(&c, &(struct field){.number = 1u << 21}), -EPERM);
}
