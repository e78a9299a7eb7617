/* Operations of the Intermediate: host files, namespaces, identities, the clone of Init. */
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/exec_hidden.h"
#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/root_path.h"

int op_write_file(struct context *c, const struct field *f) {
  (void)c;
  int fd = as_result(open(f[F_write_file_path].text, O_WRONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = write_whole(fd, f[F_write_file_data].text);
  close(fd);
  return result;
}

int op_setns(struct context *c, const struct field *f) {
  (void)c;
  int fd = as_result(open(f[F_setns_path].text, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  int result = as_result(setns(fd, (int)f[F_setns_nstype].number));
  close(fd);
  /* Existing processes of the namespace must not trace this one or read its memory (CVE-2016-9962). */
  stay_hidden();
  return result;
}

int op_join_process(struct context *c, const struct field *f) {
  int namespaces = (int)f[F_join_process_namespaces].number;
  /* All at once: the kernel then accepts, for each, both the present rights and those that the user namespace gives. */
  int result = as_result(setns(c->target_fd, namespaces));
  if (result < 0) return result;
  stay_hidden(); /* entering a user namespace changes the credentials */
  close(c->target_fd);
  c->target_fd = -1;
  if (!(namespaces & CLONE_NEWNS)) return 0;
  c->root_fd = as_result(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  return c->root_fd < 0 ? c->root_fd : 0;
}

int op_unshare(struct context *c, const struct field *f) {
  (void)c;
  int result = as_result(unshare((int)f[F_unshare_flags].number));
  stay_hidden();
  return result;
}

int op_dumpable(struct context *c, const struct field *f) {
  /* Root can write to a hidden process's files, and programs that it starts must stay hidden. */
  if (f[F_dumpable_on].number && !c->is_ordinary_user) return -EPERM;
  return as_result(prctl(PR_SET_DUMPABLE, f[F_dumpable_on].number ? 1 : 0, 0, 0, 0));
}

int op_sync(struct context *c, const struct field *f) {
  struct message message = {.type = MESSAGE_SYNC, .stage = c->stage, .value = (uint32_t)f[F_sync_point].number};
  drop_proc(c);
  int result = message_send(c->sync_fd, &message, -1);
  int answer = result < 0 ? result : answer_receive_text(c->sync_fd, &c->states);
  /* Main refused or died; it reports its own error. */
  return answer == ANSWER_GO_ON ? 0 : -ECANCELED;
}

int op_become_root(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  int result = as_result(setresgid(0, 0, 0));
  if (result == 0) result = as_result(setresuid(0, 0, 0));
  stay_hidden();
  return result;
}

int op_clone_init(struct context *c, const struct field *f) {
  (void)f;
  /* CLONE_PARENT, because Main must be able to wait for Init. */
  struct clone_args_v2 args = {.flags = CLONE_PARENT};
  long pid = sys_clone3(&args);
  if (pid < 0) return (int)pid;
  if (pid == 0) {
    c->stage = STAGE_INIT;
    prctl(PR_SET_NAME, "kago:init", 0, 0, 0);
    return 0;
  }
  struct message message = {.type = MESSAGE_CHILD, .stage = c->stage, .value = (uint32_t)pid};
  int result = message_send(c->sync_fd, &message, -1);
  if (result < 0) kill((pid_t)pid, SIGKILL);
  _exit(result < 0);
}

int op_setsid(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  int result = as_result(setsid());
  return result < 0 ? result : 0;
}

int op_session_keyring(struct context *c, const struct field *f) {
  (void)c;
  enum { KEYCTL_JOIN_SESSION_KEYRING = 1 };
  long result = raw_syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, (long)f[F_session_keyring_name].text, 0, 0, 0, 0);
  /* A kernel without keyrings has nothing to leak. */
  return result == -ENOSYS ? 0 : (int)(result < 0 ? result : 0);
}

int op_loopback_up(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  int fd = as_result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  struct ifreq request = {.ifr_name = "lo"};
  int result = as_result(ioctl(fd, SIOCGIFFLAGS, &request));
  request.ifr_flags |= IFF_UP;
  if (result >= 0) result = as_result(ioctl(fd, SIOCSIFFLAGS, &request));
  close(fd);
  return result;
}

int op_sethostname(struct context *c, const struct field *f) {
  (void)c;
  return as_result(sethostname(f[F_sethostname_name].text, __builtin_strlen(f[F_sethostname_name].text)));
}

int op_setdomainname(struct context *c, const struct field *f) {
  (void)c;
  return as_result(setdomainname(f[F_setdomainname_name].text, __builtin_strlen(f[F_setdomainname_name].text)));
}
