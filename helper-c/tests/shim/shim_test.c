/* The shim's thin functions: memory files, sockets, descriptors in messages, process handles. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "../check.h"

#include "../../common/message.h"
#include "../../shim/shim.h"

static const uint8_t *text(const char *t) { return (const uint8_t *)t; }

static int memory_file(const char *contents) {
  int fd = kago_memory_file("name", text(contents), (uint32_t)strlen(contents));
  CHECK(fd >= 0);
  return fd;
}

TEST(kago_memory_file_holds_the_bytes_and_closes_on_exec) {
  int fd = memory_file("contents");
  char read_back[16] = "";
  EQUAL(pread(fd, read_back, sizeof read_back, 0), 8);
  EQUAL_TEXT(read_back, "contents");
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(kago_memory_file("empty", NULL, 0) < 0, 0);
}

TEST(kago_memory_file_is_sealed_against_every_change) {
  int fd = memory_file("contents");
  EQUAL(write(fd, "x", 1), -1);
  EQUAL(errno, EPERM);
  EQUAL(pwrite(fd, "x", 1, 100), -1);
  EQUAL(ftruncate(fd, 0), -1);
  EQUAL(ftruncate(fd, 100), -1);
  EQUAL(fallocate(fd, 0, 0, 4096), -1);
  EQUAL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4), -1);
  CHECK(mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), -1);
}

TEST(kago_memory_file_is_sealed_through_its_proc_path_too) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory_file("contents"));
  int again = open(path, O_RDWR | O_CLOEXEC);
  CHECK(again < 0 || write(again, "x", 1) < 0);
  EQUAL(open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), -1);
  struct stat info;
  CHECK(stat(path, &info) == 0 && info.st_size == 8);
}

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root to become another user")

static void make_pair(int32_t pair[2]) { EQUAL(kago_socket_pair(pair), 0); }

TEST(kago_socket_pair_carries_datagrams_with_their_bounds) {
  int32_t pair[2];
  struct datagram_origin origin = {.passed = 7};
  uint8_t bytes[16];
  make_pair(pair);
  EQUAL(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(pair[1], F_GETFD), FD_CLOEXEC);
  EQUAL(kago_send(pair[0], text("one"), 3, -1), 3);
  EQUAL(kago_send(pair[0], text("three"), 5, -1), 5);
  EQUAL(kago_receive(pair[1], bytes, sizeof bytes, &origin), 3);
  EQUAL(origin.passed, -1);
  EQUAL(kago_receive(pair[1], bytes, sizeof bytes, &origin), 5);
  CHECK(memcmp(bytes, "three", 5) == 0);
}

TEST(kago_receive_gives_0_at_the_end_of_the_stream) {
  int32_t pair[2];
  struct datagram_origin origin = {.passed = 7};
  uint8_t bytes[16];
  make_pair(pair);
  EQUAL(kago_send(pair[0], text("last"), 4, -1), 4);
  EQUAL(kago_close(pair[0]), 0);
  EQUAL(kago_receive(pair[1], bytes, sizeof bytes, &origin), 4);
  EQUAL(kago_receive(pair[1], bytes, sizeof bytes, &origin), 0);
  EQUAL(origin.passed, -1);
}

TEST(kago_send_to_nobody_fails_without_a_signal) {
  int32_t pair[2];
  struct datagram_origin origin;
  make_pair(pair);
  kago_close(pair[1]);
  EQUAL(kago_send(pair[0], text("x"), 1, -1), -EPIPE);
  EQUAL(kago_receive(-1, NULL, 0, &origin), -EBADF);
  EQUAL(kago_close(-1), -EBADF);
}

TEST(kago_receive_takes_the_descriptor_of_message_send) {
  int32_t pair[2];
  struct datagram_origin origin = {.passed = -1};
  struct message message = {.type = MESSAGE_CONSOLE, .stage = 1, .value = 2, .error = -3}, received;
  make_pair(pair);
  EQUAL(message_send(pair[0], &message, memory_file("passed")), 0);
  EQUAL(kago_receive(pair[1], (uint8_t *)&received, sizeof received, &origin), sizeof received);
  CHECK(memcmp(&message, &received, sizeof message) == 0);
  char contents[16] = "";
  CHECK(origin.passed >= 0 && pread(origin.passed, contents, sizeof contents, 0) == 6);
  EQUAL_TEXT(contents, "passed");
  EQUAL(fcntl(origin.passed, F_GETFD), FD_CLOEXEC);
}

TEST(answer_receive_tells_answers_from_the_end) {
  int32_t pair[2];
  make_pair(pair);
  EQUAL(kago_send(pair[0], text("S"), 1, -1), 1);
  EQUAL(answer_receive(pair[1]), ANSWER_START);
  kago_close(pair[0]);
  EQUAL(answer_receive(pair[1]), 0);
  EQUAL(answer_receive(-1), -EBADF);
}

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void send_descriptors(int socket, const int *fds, size_t count) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(8 * sizeof(int))];
  } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
  struct iovec part = {(char[]){'x'}, 1};
  struct msghdr datagram = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  EQUAL(sendmsg(socket, &datagram, 0), 1);
}

TEST(kago_receive_keeps_one_descriptor_of_many) {
  int32_t pair[2];
  struct datagram_origin origin = {.passed = -1};
  uint8_t byte;
  make_pair(pair);
  int fds[8];
  for (int i = 0; i < 8; i++) fds[i] = 0;
  send_descriptors(pair[0], fds, 8);
  int before = open_descriptors();
  EQUAL(kago_receive(pair[1], &byte, 1, &origin), 1);
  CHECK(origin.passed >= 0);
  EQUAL(open_descriptors(), before + 1);
}

static int receive_from(int32_t pair[2], pid_t pid, void (*send_as_child)(int socket)) {
  struct datagram_origin origin;
  uint8_t byte;
  int status;
  if (pid == 0) {
    send_as_child(pair[1]);
    _exit(0);
  }
  EQUAL(waitpid(pid, &status, 0), pid);
  EQUAL(status, 0);
  EQUAL(kago_receive(pair[0], &byte, 1, &origin), 1);
  EQUAL(origin.passed, -1);
  return origin.pid;
}

static void send_byte(int socket) { EQUAL(kago_send(socket, text("x"), 1, -1), 1); }

TEST(kago_receive_tells_which_process_has_sent_a_datagram) {
  int32_t pair[2];
  make_pair(pair);
  pid_t pid = fork();
  EQUAL(receive_from(pair, pid, send_byte), pid);
}

static void send_as_a_user_who_lies(int socket) {
  struct ucred lie = {.pid = getppid(), .uid = 1000, .gid = 0};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof lie)];
  } control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS, .cmsg_len = CMSG_LEN(sizeof lie)}};
  memcpy(CMSG_DATA(&control.header), &lie, sizeof lie);
  struct iovec part = {(char[]){'x'}, 1};
  struct msghdr datagram = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
  CHECK(setresuid(1000, 1000, 1000) == 0);
  CHECK(sendmsg(socket, &datagram, 0) < 0 && errno == EPERM);
  send_byte(socket);
}

TEST(who_sends_cannot_take_another_processs_name) {
  int32_t pair[2];
  NEEDS_ROOT;
  make_pair(pair);
  pid_t pid = fork();
  EQUAL(receive_from(pair, pid, send_as_a_user_who_lies), pid);
}

TEST(kago_connect_refuses_what_another_user_listens_on) {
  char path[256];
  snprintf(path, sizeof path, "%s/notify", check_folder);
  NEEDS_ROOT;
  CHECK(chmod(check_folder, 0777) == 0 && setresuid(1000, 1000, 0) == 0);
  int listener = kago_listen(path);
  CHECK(listener >= 0 && setresuid(0, 0, 0) == 0);
  EQUAL(kago_connect(path), -EACCES);
  kago_close(listener);
}

TEST(kago_is_child_knows_children_until_they_are_waited_for) {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  EQUAL(kago_is_child(pid), 1);
  usleep(10000);
  EQUAL(kago_is_child(pid), 1);
  EQUAL(kago_wait(pid), 0);
  EQUAL(kago_is_child(pid), 0);
  EQUAL(kago_is_child(1), 0);
  EQUAL(kago_is_child(getpid()), 0);
  EQUAL(kago_is_child(0), 0);
  EQUAL(kago_is_child(-1), 0);
}

TEST(kago_connect_reaches_kago_listen) {
  char path[256];
  snprintf(path, sizeof path, "%s/notify", check_folder);
  int listener = kago_listen(path), connection = kago_connect(path);
  struct datagram_origin origin = {.passed = -1};
  CHECK(listener >= 0 && connection >= 0);
  EQUAL(fcntl(listener, F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(connection, F_GETFD), FD_CLOEXEC);
  EQUAL(kago_send(connection, text("S"), 1, -1), 1);
  int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  uint8_t byte = 0;
  EQUAL(kago_receive(accepted, &byte, 1, &origin), 1);
  EQUAL(byte, 'S');
}

TEST(kago_listen_and_kago_connect_name_their_failures) {
  char path[256];
  snprintf(path, sizeof path, "%s/notify", check_folder);
  EQUAL(kago_connect(path), -ENOENT);
  int listener = kago_listen(path);
  EQUAL(kago_listen(path), -EADDRINUSE);
  kago_close(listener);
  EQUAL(kago_connect(path), -ECONNREFUSED);
  EQUAL(kago_listen("none/notify"), -ENOENT);
}

TEST(kago_listen_lets_nobody_else_start_the_container) {
  umask(0);
  CHECK(kago_listen("notify") >= 0);
  struct stat info;
  CHECK(stat("notify", &info) == 0);
  EQUAL(info.st_mode & 0777, 0600);
}

/* sun_path holds 108 bytes, its NUL among them (unix(7)). */
TEST(socket_paths_of_107_bytes_work_and_longer_ones_are_refused) {
  char path[200];
  memset(path, 'n', sizeof path);
  path[107] = 0;
  int listener = kago_listen(path);
  CHECK(listener >= 0);
  CHECK(kago_connect(path) >= 0);
  path[107] = 'n';
  path[108] = 0;
  EQUAL(kago_listen(path), -ENAMETOOLONG);
  EQUAL(kago_connect(path), -ENAMETOOLONG);
  EQUAL(kago_send_descriptor(path, "x", 0), -ENAMETOOLONG);
}

TEST(kago_send_descriptor_sends_the_name_and_the_descriptor) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "console"};
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct datagram_origin origin = {.passed = -1};
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
  EQUAL(kago_send_descriptor("console", "/dev/ptmx", memory_file("master")), 0);
  int accepted = accept(listener, NULL, NULL);
  uint8_t name[32] = "";
  EQUAL(kago_receive(accepted, name, sizeof name, &origin), 9);
  EQUAL_TEXT((const char *)name, "/dev/ptmx");
  char contents[16] = "";
  CHECK(origin.passed >= 0 && pread(origin.passed, contents, sizeof contents, 0) == 6);
  EQUAL_TEXT(contents, "master");
  EQUAL(kago_receive(accepted, name, sizeof name, &origin), 0);
  EQUAL(kago_send_descriptor("none", "x", 0), -ENOENT);
}

TEST(kago_open_opens_on_exec_closing) {
  int fd = kago_open(".", O_DIRECTORY);
  CHECK(fd >= 0);
  EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EQUAL(kago_open("none", O_RDONLY), -ENOENT);
  EQUAL(kago_open("/dev/null", O_DIRECTORY), -ENOTDIR);
}
