/* How the host bears with what is in an agent's place: the socket is a test's. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../../common/kernel.h"
#include "../../session/agent_client.h"
#include "../check.h"

enum { PATIENCE_MS = 20000 };

static uint8_t answer[FRAME_MAX];

static int listen_here(int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "agent.sock"};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, backlog) == 0);
  return fd;
}

static int here(void) {
  int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(folder >= 0);
  return folder;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static int ask_of(int vmm, int folder, int timeout_ms) {
  uint32_t size = sizeof answer;
  return agent_request(folder, vmm, FRAME_FIGURES, NULL, 0, answer, &size, timeout_ms);
}

static int ask(int folder, int timeout_ms) { return ask_of(-1, folder, timeout_ms); }

/* Answers one connection with these bytes, and keeps it open. */
static void answer_with(int listener, const uint8_t *bytes, size_t size) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid) return;
  int connection = accept(listener, NULL, NULL);
  if (connection < 0 || agent_send_bytes(connection, bytes, size) < 0) _exit(1);
  for (;;) pause();
}

TEST(a_vmm_that_takes_no_connection_is_given_up_in_time_however_many_wait) {
  int folder = here();
  listen_here(1);
  /* More than the backlog: from some on, connect(2) would wait. */
  for (int i = 0; i < 5; i++) {
    int64_t begin = now_ms();
    EQUAL(ask(folder, 200), -ETIMEDOUT);
    CHECK(now_ms() - begin < 10000);
  }
}

TEST(no_socket_and_nobody_who_listens_are_waited_for_only_so_long) {
  int folder = here();
  EQUAL(ask(folder, 100), -ETIMEDOUT);
  close(listen_here(1));
  EQUAL(ask(folder, 100), -ETIMEDOUT);
}

TEST(a_vmm_that_has_ended_or_ends_meanwhile_is_not_waited_for) {
  int folder = here(), go[2];
  CHECK(pipe(go) == 0);
  close(listen_here(1));
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    poll(&(struct pollfd){.fd = go[0], .events = POLLIN}, 1, -1);
    poll(NULL, 0, 300);
    _exit(0);
  }
  int vmm = sys_pidfd_open(pid);
  CHECK(vmm >= 0);
  EQUAL(ask_of(vmm, folder, 100), -ETIMEDOUT);
  CHECK(write(go[1], "x", 1) == 1);
  EQUAL(ask_of(vmm, folder, PATIENCE_MS), -ESRCH);
  EQUAL(ask_of(vmm, folder, PATIENCE_MS), -ESRCH);
}

/* Each drop comes within the time that there is, and all of them together long after it. */
TEST(a_greeting_that_comes_in_drops_does_not_buy_time) {
  int folder = here(), listener = listen_here(1);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    uint8_t hello[FRAME_HEADER];
    frame_header(hello, FRAME_HELLO, 0, 0);
    int connection = accept(listener, NULL, NULL);
    for (size_t i = 0; i < sizeof hello; i++) {
      if (write(connection, hello + i, 1) != 1) break;
      poll(NULL, 0, 2500);
    }
    _exit(0);
  }
  int64_t begin = now_ms();
  EQUAL(ask(folder, 3000), -ETIMEDOUT);
  CHECK(now_ms() - begin < 15000);
}

TEST(what_is_no_greeting_and_no_reply_is_refused) {
  uint8_t frames[4 * FRAME_HEADER];
  int folder = here(), listener = listen_here(1);
  frame_header(frames, FRAME_BYE, 0, 0);
  answer_with(listener, frames, FRAME_HEADER);
  EQUAL(ask(folder, PATIENCE_MS), -EBADMSG);
  frame_header(frames, FRAME_HELLO, 0, 0);
  frame_header(frames + FRAME_HEADER, FRAME_REPLY, 0, FRAME_MAX + 1);
  answer_with(listener, frames, 2 * FRAME_HEADER);
  EQUAL(ask(folder, PATIENCE_MS), -EBADMSG);
  /* A result that is no errno. */
  frame_header(frames + FRAME_HEADER, FRAME_REPLY, 0, 4);
  write_le32(frames + 2 * FRAME_HEADER, 1);
  answer_with(listener, frames, 2 * FRAME_HEADER + 4);
  EQUAL(ask(folder, PATIENCE_MS), -EBADMSG);
}

/* A process that serves the door here for as long as the test lasts, and gives each caller what `give` makes: a pidfd of it. */
static int vmm_with_door(int (*give)(void)) {
  int ready[2];
  CHECK(pipe(ready) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    int door = listen_here(16);
    CHECK(write(ready[1], "x", 1) == 1);
    for (;;) {
      int caller = accept(door, NULL, NULL), fd = give();
      char byte = 0, control[CMSG_SPACE(sizeof fd)] __attribute__((aligned(8))) = {0};
      struct iovec bytes = {&byte, 1};
      struct msghdr message = {
          .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
      CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
      CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
      CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof fd);
      memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof fd);
      if (fd < 0) message.msg_control = NULL, message.msg_controllen = 0;
      sendmsg(caller, &message, MSG_NOSIGNAL);
      close(caller);
      close(fd);
    }
  }
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  int vmm = sys_pidfd_open(pid);
  CHECK(vmm >= 0);
  return vmm;
}

/* A connection to an agent of the VMM's own, which greets. */
static int own_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "own"};
  uint8_t hello[FRAME_HEADER];
  unlink("own");
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
  CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  int agent = accept(listener, NULL, NULL);
  frame_header(hello, FRAME_HELLO, 0, 0);
  CHECK(write(agent, hello, sizeof hello) == sizeof hello);
  close(listener);
  return fd; /* the agent's end stays open */
}

/* A connection to a socket that this test listens on, and no VMM. */
static int anothers_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "another"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

static int no_socket(void) { return open("/dev/null", O_RDWR); }
static int nothing(void) { return -1; }

TEST(the_door_leads_to_the_vmms_own_agent) {
  int folder = here(), vmm = vmm_with_door(own_agent);
  int connection = agent_connect(folder, vmm, PATIENCE_MS);
  CHECK(connection >= 0);
  EQUAL(fcntl(connection, F_GETFD), FD_CLOEXEC);
}

TEST(a_door_that_leads_to_another_process_or_to_no_socket_is_refused) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "another"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), folder = here();
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 16) == 0);
  EQUAL(agent_connect(folder, vmm_with_door(anothers_agent), PATIENCE_MS), -EPERM);
  CHECK(unlink("agent.sock") == 0);
  EQUAL(agent_connect(folder, vmm_with_door(no_socket), PATIENCE_MS), -ENOTSOCK);
  CHECK(unlink("agent.sock") == 0);
  EQUAL(agent_connect(folder, vmm_with_door(nothing), 200), -ETIMEDOUT);
}

TEST(a_door_that_another_process_serves_is_refused) {
  int folder = here();
  vmm_with_door(own_agent);
  EQUAL(agent_connect(folder, sys_pidfd_open(getpid()), PATIENCE_MS), -EPERM);
}

TEST(a_link_or_a_file_in_the_sockets_place_is_not_followed) {
  int folder = here();
  listen_here(1);
  CHECK(rename("agent.sock", "elsewhere") == 0 && symlink("elsewhere", "agent.sock") == 0);
  EQUAL(ask(folder, PATIENCE_MS), -ENOTSOCK);
  CHECK(unlink("agent.sock") == 0);
  close(open("agent.sock", O_CREAT | O_WRONLY, 0600));
  EQUAL(ask(folder, PATIENCE_MS), -ENOTSOCK);
}

/* As a VMM would that wants to fill our table of descriptors. */
TEST(of_more_descriptors_than_one_the_rest_is_not_even_opened) {
  int folder = here(), first = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "agent.sock"};
  close(first);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    int door = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(door, (struct sockaddr *)&address, sizeof address) == 0 && listen(door, 16) == 0);
    for (;;) {
      int caller = accept(door, NULL, NULL), fds[4] = {own_agent(), 0, 1, 2};
      char byte = 0, control[CMSG_SPACE(sizeof fds)] __attribute__((aligned(8))) = {0};
      struct iovec bytes = {&byte, 1};
      struct msghdr message = {
          .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
      CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
      CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
      CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof fds);
      memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, sizeof fds);
      sendmsg(caller, &message, MSG_NOSIGNAL);
      close(caller);
    }
  }
  int vmm = sys_pidfd_open(pid);
  int connection = agent_connect(folder, vmm, PATIENCE_MS);
  CHECK(connection >= 0);
  close(connection);
  int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EQUAL(next, first + 1); /* the pidfd */
}

/* It has the connection too, and fills it. */
TEST(a_vmm_that_reads_nothing_and_lets_nothing_be_sent_is_given_up_in_time) {
  int ends[2];
  static uint8_t block[4096];
  const struct timeval never = {0};
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &never, sizeof never) == 0);
  while (send(ends[0], block, sizeof block, MSG_DONTWAIT) > 0) {
  }
  int64_t begin = now_ms();
  EQUAL(agent_send(ends[0], FRAME_FIGURES, NULL, 0), -EAGAIN);
  CHECK(now_ms() - begin < 45000);
}
