/* The conversation between Main and the stages (message.h): sync points, the commit, `start`, and deaths on the way. */
#include "../../common/clock.h"
#include "../check.h"
#include "../stage_fixture.h"

enum { POINT = 0x01020304 };

static void write_sync_plan(void) {
  begin_plan(&w);
  begin_operation(&w, OP_sync);
  put_u32(&w, POINT);
  begin_init();
  put_program(STRINGS("true"));
}

static void expect_sync(int socket) {
  struct message message = receive_message(socket);
  EQUAL(message.type, MESSAGE_SYNC);
  EQUAL(message.stage, 0);
  EQUAL(message.value, POINT);
}

static void expect_gone(int pid) {
  int pidfd = kago_pidfd_open(pid);
  CHECK(pidfd >= 0);
  EQUAL(pidfd_wait(pidfd, SECONDS_TO_ANSWER * 1000), 1);
  close(pidfd);
}

TEST(a_sync_point_waits_for_the_answer) {
  write_sync_plan();
  struct stages s = spawn_written(-1);
  expect_sync(s.sync);
  answer(s.sync, ANSWER_GO_ON);
  EQUAL(run_to_the_end(&s), 0);
}

TEST(any_other_answer_at_a_sync_point_cancels) {
  write_sync_plan();
  struct stages s = spawn_written(-1);
  expect_sync(s.sync);
  answer(s.sync, ANSWER_START);
  expect_failed(s.sync, 0, 0, ECANCELED);
  expect_end(s.sync);
  EQUAL(kago_wait(s.intermediate), 1 << 8);
}

TEST(mains_death_at_a_sync_point_ends_the_intermediate) {
  write_sync_plan();
  struct stages s = spawn_written(-1);
  expect_sync(s.sync);
  close(s.sync);
  expect_gone(s.intermediate);
}

TEST(mains_death_before_the_commit_ends_init) {
  write_program_plan(STRINGS("touch", "started"));
  struct stages s = spawn_written(-1);
  await_ready(&s);
  close(s.sync);
  expect_gone(s.init);
  CHECK(access("started", F_OK) < 0);
}

TEST(mains_death_before_anything_is_sent_ends_the_stages) {
  write_program_plan(STRINGS("touch", "started"));
  struct stages s = spawn_written(-1);
  close(s.sync);
  expect_gone(s.intermediate);
  usleep(100000);
  CHECK(access("started", F_OK) < 0);
}

TEST(another_answer_than_the_commit_cancels) {
  write_program_plan(STRINGS("touch", "started"));
  struct stages s = spawn_written(-1);
  await_ready(&s);
  answer(s.sync, 'x');
  expect_failed(s.sync, 1, 1, ECANCELED);
  EQUAL(kago_wait(s.init), 1 << 8);
  CHECK(access("started", F_OK) < 0);
}

/* A created container: Init is committed and Main is gone. */
static struct stages create(const char *const *args) {
  write_program_plan(args);
  int listener = kago_listen("notify");
  CHECK(listener >= 0);
  struct stages s = spawn_written(listener);
  close(listener);
  await_ready(&s);
  answer(s.sync, ANSWER_COMMITTED);
  expect_end(s.sync); /* Init lets go of Main */
  close(s.sync);
  return s;
}

static int connect_with_limit(void) {
  int connection = kago_connect("notify");
  CHECK(connection >= 0);
  struct timeval limit = {.tv_sec = SECONDS_TO_ANSWER};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return connection;
}

TEST(a_committed_init_waits_for_start_without_main) {
  struct stages s = create(STRINGS("sh", "-c", "exit 5"));
  int pidfd = kago_pidfd_open(s.init);
  EQUAL(pidfd_wait(pidfd, 200), 0);
  int start = connect_with_limit();
  answer(start, ANSWER_START);
  expect_end(start);
  EQUAL(kago_wait(s.init), 5 << 8);
}

TEST(connections_that_do_not_start_are_passed_over) {
  struct stages s = create(STRINGS("true"));
  int silent = connect_with_limit();
  close(silent);
  int other = connect_with_limit();
  answer(other, 'x');
  expect_end(other);
  int start = connect_with_limit();
  answer(start, ANSWER_START);
  expect_end(start);
  EQUAL(kago_wait(s.init), 0);
}

/* The file's mode keeps others out; should it not, who they are does. */
TEST(another_user_cannot_start) {
  SKIP_UNLESS(geteuid() == 0, "needs root to become another user");
  struct stages s = create(STRINGS("true"));
  CHECK(chmod(".", 0755) == 0 && chmod("notify", 0666) == 0);
  pid_t stranger = fork();
  if (stranger == 0) {
    CHECK(syscall(SYS_setresuid, 1000, 1000, 1000) == 0);
    int connection = connect_with_limit();
    answer(connection, ANSWER_START);
    expect_failed(connection, 1, UINT32_MAX, EPERM);
    _exit(0);
  }
  EQUAL(kago_wait(stranger), 0);
  int pidfd = kago_pidfd_open(s.init);
  EQUAL(pidfd_wait(pidfd, 200), 0);
  int start = connect_with_limit();
  answer(start, ANSWER_START);
  expect_end(start);
  EQUAL(kago_wait(s.init), 0);
}

TEST(a_failed_exec_is_reported_to_who_started_it) {
  int fd = open("junk", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
  CHECK(fd >= 0 && write(fd, "\1\2\3\4", 4) == 4);
  close(fd);
  struct stages s = create(STRINGS("./junk"));
  int start = connect_with_limit();
  answer(start, ANSWER_START);
  expect_failed(start, 1, 2, ENOEXEC);
  expect_end(start);
  EQUAL(kago_wait(s.init), 1 << 8);
}

TEST(nobody_can_start_twice) {
  struct stages s = create(STRINGS("sleep", "60"));
  int start = connect_with_limit(), late = connect_with_limit();
  answer(start, ANSWER_START);
  expect_end(start);
  uint8_t byte;
  struct datagram_origin origin;
  int result = kago_receive(late, &byte, 1, &origin);
  CHECK(result == 0 || result == -ECONNRESET);
  EQUAL(kago_connect("notify"), -ECONNREFUSED);
  kill(s.init, SIGKILL);
  EQUAL(kago_wait(s.init), SIGKILL);
}
