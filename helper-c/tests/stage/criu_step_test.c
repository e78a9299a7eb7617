/* op_open_as() and op_criu_socket(): the descriptors that criu is given. */
#include "../check.h"
#include "../root_fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "../../common/kernel.h"
#include "../../common/message.h"
#include "../../shim/shim.h"

static int call_open_as(const char *path, uint32_t fd) {
  const struct field fields[2] = {{.text = path}, {.number = fd}};
  return op_open_as(&c, fields);
}

static int call_criu_socket(uint32_t fd) {
  const struct field field = {.number = fd};
  return op_criu_socket(&c, &field);
}

/* A context whose channels are a pair of sockets; the other end. */
static int with_channel(void) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
  c = (struct context){.sync_fd = pair[0],
                       .report_fd = pair[0],
                       .listen_fd = -1,
                       .target_fd = -1,
                       .plan_fd = -1,
                       .root_fd = -1,
                       .door_fd = -1,
                       .run_fd = -1,
                       .proc_fd = -1,
                       .vmm_fd = -1};
  return pair[1];
}

TEST(a_path_is_opened_as_the_descriptor_that_the_next_program_is_told_of) {
  with_channel();
  CHECK(mkdir("folder", 0755) == 0);
  int before = open_descriptors();
  EQUAL(call_open_as("folder", 100), 0);
  EQUAL(open_descriptors(), before + 1);
  EQUAL(fcntl(100, F_GETFD), 0);
  struct stat opened, named;
  CHECK(fstat(100, &opened) == 0 && stat("folder", &named) == 0);
  CHECK(opened.st_ino == named.st_ino);
}

TEST(a_descriptor_of_the_stage_s_own_is_not_taken) {
  with_channel();
  int before = open_descriptors();
  EQUAL(call_open_as("/", (uint32_t)c.sync_fd), -EBUSY);
  EQUAL(call_criu_socket((uint32_t)c.sync_fd), -EBUSY);
  EQUAL(call_open_as("missing", 100), -ENOENT);
  EQUAL(open_descriptors(), before);
}

TEST(the_socket_has_one_end_here_and_the_other_with_main) {
  int main_end = with_channel();
  struct datagram_origin origin = {.passed = -1};
  int before = open_descriptors();
  EQUAL(call_criu_socket(100), 0);
  EQUAL(open_descriptors(), before + 1);
  struct message message;
  EQUAL(kago_receive(main_end, (uint8_t *)&message, sizeof message, &origin), (int)sizeof message);
  EQUAL(message.type, MESSAGE_SOCKET);
  CHECK(origin.passed >= 0);
  EQUAL(send(origin.passed, "x", 1, MSG_NOSIGNAL), 1);
  char byte = 0;
  EQUAL(recv(100, &byte, 1, 0), 1);
  EQUAL(byte, 'x');
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

TEST(mounts_over_a_dropped_root_are_gone_and_the_bind_made_before_shows_the_root_without_them) {
  SKIP_UNLESS(unshare(CLONE_NEWNS) == 0, "needs CAP_SYS_ADMIN for a mount namespace");
  CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  with_channel();
  CHECK(mkdir("root", 0755) == 0 && mkdir("root/point", 0755) == 0 && mkdir("bound", 0755) == 0);
  const struct field bind[3] = {{.text = "root"}, {.text = "bound"}, {.number = MOUNT_ATTR_RDONLY_}};
  EQUAL(op_bind_host(&c, bind), 0);
  EQUAL(mkdir("bound/new", 0755), -1);
  EQUAL(errno, EROFS);
  char path[300];
  snprintf(path, sizeof path, "%s/root", check_folder);
  const struct field open[3] = {{.text = path}, {.number = 0}, {.number = 0}};
  EQUAL(op_open_root(&c, open), 0);
  CHECK(mount("tmpfs", "root/point", "tmpfs", 0, NULL) == 0);
  CHECK(close(creat("root/point/file", 0600)) == 0);
  CHECK(exists("root/point/file") && !exists("bound/point/file"));

  EQUAL(op_drop_root(&c, NULL), 0);
  EQUAL(c.root_fd, -1);
  snprintf(path, sizeof path, "%s/root/point/file", check_folder);
  CHECK(!exists(path));
  snprintf(path, sizeof path, "%s/bound/point", check_folder);
  CHECK(exists(path));
  CHECK(chdir(check_folder) == 0 && umount("bound") == 0);
}
