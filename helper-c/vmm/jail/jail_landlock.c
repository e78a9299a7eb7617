/* Landlock: limits the files that a VMM can reach, whatever mounts and descriptors it obtains. */
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "jail.h"

/* linux/landlock.h: rights to files, and the ABI version that introduced each. */
enum { VERSION_REFER = 2, VERSION_TRUNCATE = 3, VERSION_IOCTL_DEV = 5, VERSION_SCOPE = 6 };
#define WRITE_FILE (1ull << 1)
#define READ_FILE (1ull << 2)
#define READ_DIR (1ull << 3)
#define MAKE_SOCK (1ull << 9)
#define REMOVE_FILE (1ull << 5)
#define ALL_OF_1 ((1ull << 13) - 1)
#define EXECUTE (1ull << 0)
#define REFER (1ull << 13)
#define TRUNCATE (1ull << 14)
#define IOCTL_DEV (1ull << 15)
#define SCOPE_ABSTRACT_SOCKETS (1ull << 0)
#define SCOPE_SIGNALS (1ull << 1)
/* Without this fix, threads of one process could not signal each other (linux/landlock.h, erratum 2). */
#define ERRATUM_SIGNALS (1u << 1)
enum { ASK_VERSION = 1, ASK_ERRATA = 2, RULE_PATH_BENEATH = 1 };

struct ruleset {
  uint64_t files, network, scopes;
};

struct path_rule {
  uint64_t rights;
  int32_t fd;
} __attribute__((packed));

static long create(const struct ruleset *ruleset, size_t size, unsigned flags) {
  return raw_syscall(444, (long)ruleset, (long)size, flags, 0, 0, 0);
}

int sys_landlock_restrict_self(int ruleset) { return (int)raw_syscall(446, ruleset, 0, 0, 0, 0, 0); }

static int allow(int ruleset, int fd, uint64_t rights) {
  const struct path_rule rule = {.rights = rights, .fd = fd};
  return (int)raw_syscall(445, ruleset, RULE_PATH_BENEATH, (long)&rule, 0, 0, 0);
}

/* A missing or inaccessible path is skipped; libkrun reports it. */
static int allow_path(int ruleset, const char *path, uint64_t rights) {
  int fd = as_result(open(path, O_PATH | O_CLOEXEC));
  if (fd < 0) return fd == -ENOENT || fd == -EACCES ? 0 : fd;
  int result = allow(ruleset, fd, rights);
  close(fd);
  return result;
}

static uint64_t rights_of(long version) {
  uint64_t rights = ALL_OF_1 | REFER;
  if (version >= VERSION_TRUNCATE) rights |= TRUNCATE;
  if (version >= VERSION_IOCTL_DEV) rights |= IOCTL_DEV;
  return rights;
}

static int allow_devices(int ruleset, uint32_t features, uint64_t all) {
  const uint64_t rights = (READ_FILE | WRITE_FILE | IOCTL_DEV) & all;
  const struct {
    uint32_t features;
    const char *path;
  } devices[] = {{0, "/dev/kvm"},
                 {FEATURE_TAP, "/dev/net/tun"},
                 {FEATURE_SEV, "/dev/sev"},
                 {FEATURE_NITRO, "/dev/nitro_enclaves"},
                 {FEATURE_GPU, "/dev/udmabuf"}};
  int result = 0;
  for (size_t i = 0; i < sizeof devices / sizeof *devices && result >= 0; i++) {
    if (!devices[i].features || devices[i].features & features) result = allow_path(ruleset, devices[i].path, rights);
  }
  if (result >= 0 && features & FEATURE_GPU) result = allow_path(ruleset, "/dev/dri", rights | READ_DIR);
  /* libkrun opens standard output by name as an enclave's console. A pipe takes no rule, and needs none. */
  if (features & FEATURE_NITRO) allow(ruleset, STDOUT_FILENO, WRITE_FILE | READ_FILE);
  return result;
}

/* Nothing can be executed. Devices below the root can be read and written as far as the container's cgroup allows,
 * but take no ioctl, unless disks may be devices: then only those that the filter allows. */
static int fill(int ruleset, const struct context *c, uint32_t features, uint64_t all) {
  uint64_t refused = features & FEATURE_DISKS ? EXECUTE : EXECUTE | IOCTL_DEV;
  int result = allow_path(ruleset, "/", all & ~refused);
  if (result >= 0 && c->agent_fd >= 0) result = allow(ruleset, c->agent_fd, READ_FILE | READ_DIR);
  if (result >= 0 && c->run_fd >= 0) result = allow(ruleset, c->run_fd, MAKE_SOCK | REMOVE_FILE | READ_DIR);
  return result < 0 ? result : allow_devices(ruleset, features, all);
}

int jail_ruleset(const struct context *c, uint32_t features) {
  long version = create(NULL, 0, ASK_VERSION);
  /* ABI version 1 forbids every rename between directories, which a guest must be able to do. */
  if (version < VERSION_REFER) return -EOPNOTSUPP;
  long errata = version >= VERSION_SCOPE ? create(NULL, 0, ASK_ERRATA) : 0;
  const struct ruleset wanted = {
      .files = rights_of(version),
      .scopes = version < VERSION_SCOPE
                    ? 0
                    : SCOPE_ABSTRACT_SOCKETS | (errata > 0 && errata & ERRATUM_SIGNALS ? SCOPE_SIGNALS : 0),
  };
  /* An older kernel accepts a longer structure if the fields that it does not know are zero. */
  int ruleset = (int)create(&wanted, sizeof wanted, 0);
  if (ruleset < 0) return ruleset;
  int result = fill(ruleset, c, features, wanted.files);
  if (result >= 0) return ruleset;
  close(ruleset);
  return result;
}
