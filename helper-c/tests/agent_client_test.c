/* How the host bears with what is in an agent's place: the socket is a test's. */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "../agent_client.h"
#include "../kernel.h"
#include "check.h"

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
