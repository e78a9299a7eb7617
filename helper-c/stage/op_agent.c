/* Operations on the host for a microVM's guest agent. libkrun creates the agent's socket in a small detached
 * filesystem that only the VMM holds, like the guest's own root, so a VMM creates nothing in a directory of the
 * host. kago's commands use another socket, the door, which the VMM serves and cannot replace. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"
#include "../session/agent_client.h"

/* By descriptor, as the path may be too long; 0600, as others can pass through the directory. */
static int bind_below(int folder) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" AGENT_SOCKET, folder);
  int fd = as_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  mode_t before = umask(0177);
  int result = as_result(bind(fd, (struct sockaddr *)&address, sizeof address));
  umask(before);
  if (result == 0) return fd;
  close(fd);
  return result;
}

int op_agent_door(struct context *c, const struct field *f) {
  int folder = as_result(open(f[F_agent_door_path].text, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder < 0) return folder;
  int fd = bind_below(folder);
  close(folder);
  if (fd >= 0) c->door_fd = fd;
  return fd < 0 ? fd : 0;
}

/* `options` ends with a NULL key. */
static int new_tmpfs(const char *const options[][2]) {
  int fs = sys_fsopen("tmpfs");
  if (fs < 0) return fs;
  int result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, "source", "kago");
  for (size_t i = 0; options[i][0] && result >= 0; i++) {
    result = sys_fsconfig(fs, FSCONFIG_SET_STRING_, options[i][0], options[i][1]);
  }
  if (result >= 0) result = sys_fsconfig(fs, FSCONFIG_CMD_CREATE_, NULL, NULL);
  if (result >= 0) result = sys_fsmount(fs, MOUNT_ATTR_NOSUID_ | MOUNT_ATTR_NODEV_ | MOUNT_ATTR_NOEXEC_);
  close(fs);
  return result;
}

/* Has room for a socket only. A VMM can fill its own memory cgroup, but no more of the host's memory than this. */
static int run_folder(uint64_t uid, uint64_t gid, const char *context) {
  char owner[24], group[24];
  snprintf(owner, sizeof owner, "%llu", (unsigned long long)uid);
  snprintf(group, sizeof group, "%llu", (unsigned long long)gid);
  const char *const options[][2] = {{"mode", "0700"}, {"size", "16k"}, {"nr_inodes", "16"},
                                    {"uid", owner},   {"gid", group},  {*context ? "context" : NULL, context},
                                    {NULL, NULL}};
  return new_tmpfs(options);
}

static int put_file(int folder, const char *name, mode_t mode, const uint8_t *bytes, size_t size) {
  int fd = as_result(openat(folder, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (fd < 0) return fd;
  int result = write_all(fd, bytes, size);
  /* The VMM reads the file for the guest under a later identity; nobody else has a descriptor. */
  if (result >= 0) result = as_result(fchmod(fd, mode));
  close(fd);
  return result;
}

/* The mount points of libkrun's guest init and of the agent. */
static const char *const FOLDERS[] = {"dev", "proc", "sys", "root", "sockets"};

static int fill(const struct context *c, int folder, const struct field *plan) {
  int result = 0;
  for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS && result >= 0; i++) {
    result = as_result(mkdirat(folder, FOLDERS[i], 0755));
  }
  if (result >= 0) result = put_file(folder, "agent", 0555, c->agent_program, c->agent_size);
  if (result >= 0) result = put_file(folder, "plan", 0444, plan->data, plan->count);
  struct mount_attr_v0 readonly = {.attr_set = MOUNT_ATTR_RDONLY_};
  if (result >= 0) result = sys_mount_setattr(folder, "", AT_EMPTY_PATH, &readonly);
  return result;
}

int op_agent_files(struct context *c, const struct field *f) {
  if (!c->agent_program) return -ENOSYS;
  const char *context = f[F_agent_files_context].text;
  const char *const options[][2] = {{"mode", "0755"}, {*context ? "context" : NULL, context}, {NULL, NULL}};
  int folder = new_tmpfs(options);
  if (folder < 0) return folder;
  int result = fill(c, folder, &f[F_agent_files_plan]);
  if (result >= 0) result = run_folder(f[F_agent_files_uid].number, f[F_agent_files_gid].number, context);
  if (result >= 0) c->run_fd = result;
  if (result < 0) close(folder);
  else c->agent_fd = folder;
  return result < 0 ? result : 0;
}
