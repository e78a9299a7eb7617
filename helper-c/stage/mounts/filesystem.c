/* fsconfig(2) takes values of 255 bytes at the most, of which an overlay's layers need more; mount(2) takes a page of
 * options, but mounts on a path. So a filesystem with a long option is mounted by name in a tmpfs of our own, that
 * nobody else can reach into, and taken from there as a detached mount. */
#include "filesystem.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kernel.h"

enum { MAX_VALUE = 255, PAGE = 4096 };

int set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive) {
  if (!set && !clear) return 0;
  struct mount_attr_v0 attr = {.attr_set = set, .attr_clr = clear};
  return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

int change_attributes(int fd, uint64_t set, uint64_t clear, uint64_t unnamed) {
  int result = set_attributes(fd, set, clear | unnamed, false);
  return result == -EPERM && unnamed ? set_attributes(fd, set, clear, false) : result;
}

int set_propagation(int fd, uint64_t propagation) {
  if (!propagation) return 0;
  struct mount_attr_v0 attr = {.propagation = propagation & ~(uint64_t)MS_REC};
  return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (propagation & MS_REC ? AT_RECURSIVE : 0), &attr);
}

/* One `key=value` or flag of a filesystem's options. */
static int configure(int fs, const char *option) {
  const char *equals = strchr(option, '=');
  if (!equals) return sys_fsconfig(fs, FSCONFIG_SET_FLAG_, option, NULL);
  char key[256];
  size_t length = (size_t)(equals - option);
  if (length >= sizeof key) return -ENAMETOOLONG;
  memcpy(key, option, length);
  key[length] = 0;
  return sys_fsconfig(fs, FSCONFIG_SET_STRING_, key, equals + 1);
}

static int by_fsconfig(const char *fstype, const char *source, const struct field *options, const char *more, uint64_t attrs) {
  int fs = sys_fsopen(fstype);
  if (fs < 0) return fs;
  int result = *source ? sys_fsconfig(fs, FSCONFIG_SET_STRING_, "source", source) : 0;
  const uint8_t *item = options->data;
  for (uint32_t i = 0; i < options->count && result >= 0; i++) result = configure(fs, list_next(&item));
  if (more && result >= 0) result = configure(fs, more);
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, (unsigned)attrs);
  close(fs);
  return result;
}

/* What mount(2) takes as a flag, 0 for an option of the filesystem's own. */
static unsigned long flag_of(const char *option) {
#define X(name, flag) \
  if (!strcmp(option, name)) return flag;
  SUPERBLOCK_FLAGS(X)
#undef X
  return 0;
}

/* Adds text to `data` of one page: false when there is no room. */
static bool append(char *data, const char *text, size_t size) {
  size_t length = strlen(data);
  if (length + size >= PAGE) return false;
  memcpy(data + length, text, size);
  data[length + size] = 0;
  return true;
}

/* mount(2) takes one string, in which a comma ends an option; a label is quoted to have one. */
static bool append_option(char *data, const char *option) {
  static const char CONTEXT[] = "context=";
  bool quoted = !strncmp(option, CONTEXT, sizeof CONTEXT - 1) && strchr(option, ',');
  size_t key = quoted ? sizeof CONTEXT - 1 : 0;
  return (!*data || append(data, ",", 1)) && append(data, option, key) && (!quoted || append(data, "\"", 1)) &&
         append(data, option + key, strlen(option + key)) && (!quoted || append(data, "\"", 1));
}

static int join_options(const struct field *options, const char *more, char data[PAGE], unsigned long *flags) {
  const uint8_t *item = options->data;
  *flags = 0;
  data[0] = 0;
  for (uint32_t i = 0; i < options->count; i++) {
    const char *option = list_next(&item);
    unsigned long flag = flag_of(option);
    *flags |= flag;
    if (!flag && !append_option(data, option)) return -E2BIG;
  }
  return more && !append_option(data, more) ? -E2BIG : 0;
}

/* An empty tmpfs mounted on `target`: descriptor of its root, or -errno. */
static int scratch_on(int target) {
  const struct field none = {0};
  int scratch = by_fsconfig("tmpfs", "tmpfs", &none, NULL, MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_);
  if (scratch < 0) return scratch;
  int result = sys_move_mount(scratch, "", target, "", MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_EMPTY_PATH_);
  if (result == 0) return scratch;
  close(scratch);
  return result;
}

/* Mounts in the folder `scratch`, the root of a mount, takes the mount, and takes `scratch` off again. */
static int mount_in(int scratch, const char *fstype, const char *source, unsigned long flags, const char *data) {
  static const char NAME[] = "mount";
  int result = as_result(fchdir(scratch));
  if (result < 0) return result;
  result = as_result(mkdir(NAME, 0700));
  if (result == 0) result = as_result(mount(*source ? source : "none", NAME, fstype, flags, data));
  if (result == 0) result = sys_open_tree(scratch, NAME, OPEN_TREE_CLONE_ | OPEN_TREE_CLOEXEC_);
  /* "." is the root of the mount that we are in, and not what is mounted over it. */
  int removed = as_result(umount2(".", MNT_DETACH));
  if (removed == 0 || result < 0) return result;
  close(result);
  return removed;
}

static int by_mount(const char *fstype, const char *source, const struct field *options, const char *more, uint64_t attrs,
                    int target) {
  char data[PAGE];
  unsigned long flags;
  int result = join_options(options, more, data, &flags);
  if (result < 0) return result;
  int before = as_result(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  int scratch = before < 0 ? before : scratch_on(target);
  int fd = scratch < 0 ? scratch : mount_in(scratch, fstype, source, flags, data);
  if (scratch >= 0) close(scratch);
  result = before < 0 ? 0 : as_result(fchdir(before));
  if (before >= 0) close(before);
  if (fd >= 0 && result == 0) result = set_attributes(fd, attrs, 0, false);
  if (fd < 0 || result == 0) return fd;
  close(fd);
  return result;
}

int new_filesystem(const char *fstype, const char *source, const struct field *options, const char *more, uint64_t attrs,
                   int target) {
  const uint8_t *item = options->data;
  bool is_long = strlen(source) > MAX_VALUE;
  for (uint32_t i = 0; i < options->count; i++) {
    const char *value = strchr(list_next(&item), '=');
    if (value && strlen(value + 1) > MAX_VALUE) is_long = true;
  }
  return is_long ? by_mount(fstype, source, options, more, attrs, target) : by_fsconfig(fstype, source, options, more, attrs);
}
