/* Operations on namespaces, sessions and names, each seen from the process that they are for. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "../../common/context.h"
#include "../../common/kernel.h"
#include "../../common/message.h"
#include "../../shim/shim.h"

static struct context c = {.root_fd = -1, .target_fd = -1};

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for namespaces")

static ino_t namespace_of(int pid, const char *name) {
  char path[64];
  struct stat info;
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
  CHECK(stat(path, &info) == 0);
  return info.st_ino;
}

static int unshare_op(int flags) { return op_unshare(&c, &(struct field){.number = (uint64_t)flags}); }

/* A process in namespaces of its own. */
static int start_elsewhere(int flags) {
  int ready[2];
  char byte;
  CHECK(pipe2(ready, O_CLOEXEC) == 0);
  int pid = fork();
  if (pid == 0) {
    CHECK(unshare(flags) == 0 && write(ready[1], "r", 1) == 1);
    for (;;) pause();
  }
  CHECK(read(ready[0], &byte, 1) == 1);
  return pid;
}

TEST(names_are_those_of_a_namespace_of_our_own) {
  struct utsname outside, inside;
  NEEDS_ROOT;
  CHECK(uname(&outside) == 0);
  EQUAL(unshare_op(CLONE_NEWUTS), 0);
  EQUAL(op_sethostname(&c, &(struct field){.text = "inner.example"}), 0);
  EQUAL(op_setdomainname(&c, &(struct field){.text = "example.org"}), 0);
  CHECK(uname(&inside) == 0);
  EQUAL_TEXT(inside.nodename, "inner.example");
  EQUAL_TEXT(inside.domainname, "example.org");
  CHECK(strcmp(outside.nodename, inside.nodename) != 0);
  static char longest[66];
  memset(longest, 'x', sizeof longest - 1);
  EQUAL(op_sethostname(&c, &(struct field){.text = longest}), -EINVAL);
}

TEST(loopback_comes_up_in_a_new_network_namespace) {
  struct ifreq lo = {.ifr_name = "lo"};
  NEEDS_ROOT;
  EQUAL(unshare_op(CLONE_NEWNET), 0);
  EQUAL(op_loopback_up(&c, NULL), 0);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(ioctl(fd, SIOCGIFFLAGS, &lo) == 0);
  CHECK(lo.ifr_flags & IFF_UP);
}

TEST(a_namespace_is_joined_by_its_path_and_type) {
  char path[64];
  NEEDS_ROOT;
  int pid = start_elsewhere(CLONE_NEWUTS | CLONE_NEWNET);
  snprintf(path, sizeof path, "/proc/%d/ns/uts", pid);
  const struct field right[2] = {{.text = path}, {.number = CLONE_NEWUTS}};
  const struct field wrong[2] = {{.text = path}, {.number = CLONE_NEWNET}};
  const struct field missing[2] = {{.text = "/no/such"}, {.number = CLONE_NEWNET}};
  EQUAL(op_setns(&c, wrong), -EINVAL);
  EQUAL(op_setns(&c, missing), -ENOENT);
  EQUAL(op_setns(&c, right), 0);
  EQUAL(namespace_of(getpid(), "uts"), namespace_of(pid, "uts"));
  CHECK(namespace_of(getpid(), "net") != namespace_of(pid, "net"));
  /* Processes that are there already must not trace us (CVE-2016-9962). */
  EQUAL(prctl(PR_GET_DUMPABLE), 0);
}

TEST(a_process_is_joined_in_all_its_namespaces_at_once) {
  static const char *const names[] = {"uts", "net", "ipc", "mnt"};
  NEEDS_ROOT;
  int flags = CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS, pid = start_elsewhere(flags);
  ino_t theirs[4];
  for (int i = 0; i < 4; i++) theirs[i] = namespace_of(pid, names[i]);
  c.target_fd = kago_pidfd_open(pid);
  EQUAL(op_join_process(&c, &(struct field){.number = (uint64_t)flags}), 0);
  for (int i = 0; i < 4; i++) EQUAL(namespace_of(getpid(), names[i]), theirs[i]);
  EQUAL(prctl(PR_GET_DUMPABLE), 0);
  EQUAL(c.target_fd, -1);
  CHECK(c.root_fd >= 0);
}

TEST(a_process_that_has_ended_cannot_be_joined) {
  NEEDS_ROOT;
  int pid = start_elsewhere(CLONE_NEWUTS);
  c.target_fd = kago_pidfd_open(pid);
  kill(pid, SIGKILL);
  CHECK(waitpid(pid, NULL, 0) == pid);
  EQUAL(op_join_process(&c, &(struct field){.number = CLONE_NEWUTS}), -ESRCH);
}

TEST(a_session_is_led_by_who_makes_it) {
  int pid = fork(), status;
  if (pid == 0) {
    EQUAL(op_setsid(&c, NULL), 0);
    EQUAL(getsid(0), getpid());
    EQUAL(op_setsid(&c, NULL), -EPERM);
    _exit(0);
  }
  CHECK(waitpid(pid, &status, 0) == pid);
  EQUAL(status, 0);
}

TEST(a_session_keyring_is_new_and_has_its_name) {
  enum { KEYCTL_DESCRIBE = 6, SESSION_KEYRING = -3 };
  char description[256] = "";
  long before = raw_syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, SESSION_KEYRING, 0, 0, 0, 0);
  SKIP_UNLESS(before != -ENOSYS, "the kernel has no keyrings");
  EQUAL(op_session_keyring(&c, &(struct field){.text = "_ses.test"}), 0);
  long size = raw_syscall(SYS_keyctl, KEYCTL_DESCRIBE, SESSION_KEYRING, (long)description, sizeof description, 0, 0);
  CHECK(size > 0);
  CHECK(strstr(description, ";_ses.test") != NULL);
}

static int sync_with(const char *answer, size_t size, int file) {
  int pair[2];
  uint8_t bytes[64];
  struct datagram_origin origin;
  CHECK(kago_socket_pair(pair) == 0);
  c.sync_fd = pair[1];
  if (size > 0) CHECK(kago_send(pair[0], (const uint8_t *)answer, (uint32_t)size, file) >= 0);
  else CHECK(shutdown(pair[0], SHUT_WR) == 0);
  int result = op_sync(&c, &(struct field){.number = 3});
  CHECK(kago_receive(pair[0], bytes, sizeof bytes, &origin) == sizeof(struct message));
  const struct message *message = (const void *)bytes;
  EQUAL(message->type, MESSAGE_SYNC);
  EQUAL(message->value, 3);
  return result;
}

TEST(only_an_ordinary_users_stage_becomes_dumpable) {
  const struct field on = {.number = 1}, off = {.number = 0};
  prctl(PR_SET_DUMPABLE, 0);
  EQUAL(op_dumpable(&c, &on), -EPERM);
  EQUAL(prctl(PR_GET_DUMPABLE), 0);
  c.is_ordinary_user = true;
  EQUAL(op_dumpable(&c, &on), 0);
  EQUAL(prctl(PR_GET_DUMPABLE), 1);
  EQUAL(op_dumpable(&c, &off), 0);
  EQUAL(prctl(PR_GET_DUMPABLE), 0);
}

TEST(a_sync_point_waits_for_Main_and_takes_its_states) {
  prctl(PR_SET_DUMPABLE, 0);
  int file = kago_memory_file("states", (const uint8_t *)"{one}\0{two}", 12);
  EQUAL(sync_with("A", 1, file), 0);
  EQUAL_TEXT(c.states, "{one}");
  EQUAL_TEXT(c.states + 6, "{two}");
  EQUAL(prctl(PR_GET_DUMPABLE), 0);
}

TEST(states_are_longer_than_any_datagram) {
  enum { SIZE = 4 << 20 };
  char *text = malloc(SIZE);
  CHECK(text != NULL);
  memset(text, 'x', SIZE);
  int file = kago_memory_file("states", (const uint8_t *)text, SIZE);
  EQUAL(sync_with("A", 1, file), 0);
  CHECK(strlen(c.states) == SIZE && !memcmp(c.states, text, SIZE));
  free(text);
}

TEST(a_Main_that_says_no_or_dies_ends_the_stage) {
  EQUAL(sync_with("C", 1, -1), -ECANCELED);
  EQUAL(sync_with("", 0, -1), -ECANCELED);
}
