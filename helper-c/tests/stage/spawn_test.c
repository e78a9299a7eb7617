/* kago_spawn() and the stage program: plans that work, plans that fail, and what is reported of them. */
#include "../check.h"
#include "../stage_fixture.h"

TEST(a_plan_runs_its_program_and_gives_its_exit_status) {
  write_program_plan(STRINGS("true"));
  struct stages s = spawn_written(-1);
  EQUAL(run_to_the_end(&s), 0);
  write_program_plan(STRINGS("sh", "-c", "exit 7"));
  s = spawn_written(-1);
  EQUAL(run_to_the_end(&s), 7 << 8);
}

TEST(init_is_a_child_of_main_and_the_only_one_left) {
  write_program_plan(STRINGS("true"));
  struct stages s = spawn_written(-1);
  await_ready(&s);
  CHECK(s.init != s.intermediate);
  EQUAL(waitpid(s.init, NULL, WNOHANG), 0);
  answer(s.sync, ANSWER_START);
  EQUAL(kago_wait(s.init), 0);
  EQUAL(waitpid(-1, NULL, 0), -1);
}

TEST(the_program_does_not_run_before_start) {
  write_program_plan(STRINGS("touch", "started"));
  struct stages s = spawn_written(-1);
  await_ready(&s);
  usleep(50000);
  CHECK(access("started", F_OK) < 0);
  answer(s.sync, ANSWER_START);
  EQUAL(kago_wait(s.init), 0);
  CHECK(access("started", F_OK) == 0);
}

/* Writes to a FIFO that nobody reads meanwhile tell what ran, how often and in what order. */
TEST(every_operation_runs_once_and_in_order) {
  CHECK(mkfifo("log", 0600) == 0);
  int log = open("log", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  begin_plan(&w);
  put_operation_ss(&w, OP_write_file, "log", "a");
  put_operation_ss(&w, OP_write_file, "log", "b");
  begin_init();
  for (int i = 0; i < 6; i++) put_operation_ss(&w, OP_write_file, "log", (char[]){(char)('0' + i), 0});
  put_program(STRINGS("true"));
  struct stages s = spawn_written(-1);
  EQUAL(run_to_the_end(&s), 0);
  char text[64] = "";
  CHECK(read(log, text, sizeof text - 1) > 0);
  EQUAL_TEXT(text, "ab012345");
}

TEST(the_program_gets_the_plans_arguments_and_environment_only) {
  setenv("LEAKED", "1", 1);
  begin_plan(&w);
  begin_init();
  put_find_program("env");
  begin_operation(&w, OP_await_start);
  put_exec(STRINGS("env"), STRINGS("A=b c", "EMPTY="));
  EQUAL_TEXT(output_of_plan(), "A=b c\nEMPTY=\n");
  begin_plan(&w);
  begin_init();
  put_find_program("cat");
  begin_operation(&w, OP_await_start);
  put_exec(STRINGS("another name", "/proc/self/cmdline"), NO_STRINGS);
  const char *line = output_of_plan();
  EQUAL_TEXT(line, "another name");
  EQUAL_TEXT(line + strlen(line) + 1, "/proc/self/cmdline");
}

static void expect_refused(const uint8_t *bytes, size_t size) {
  struct stages s = spawn_bytes(bytes, size, -1, -1);
  expect_failed(s.sync, 0, 0, EINVAL);
  expect_end(s.sync);
  EQUAL(kago_wait(s.intermediate), 1 << 8);
  EQUAL(waitpid(-1, NULL, 0), -1); /* nothing was cloned */
  close(s.sync);
}

TEST(a_malformed_plan_is_reported_and_nothing_is_cloned) {
  write_program_plan(STRINGS("true"));
  end_plan(&w);
  expect_refused(w.bytes, 0);
  expect_refused(w.bytes, PLAN_HEADER - 1);
  expect_refused(w.bytes, w.size - 1);
  set_u32(&w, PLAN_HEADER, OP_COUNT);
  expect_refused(w.bytes, w.size);
  set_u32(&w, PLAN_HEADER, OP_clone_init);
  set_u32(&w, 12, 0xffffffff);
  expect_refused(w.bytes, w.size);
}

TEST(a_failure_of_the_intermediate_names_its_operation) {
  begin_plan(&w);
  put_operation_ss(&w, OP_write_file, "/dev/null", "x");
  put_operation_ss(&w, OP_write_file, "none/file", "x");
  begin_init();
  put_program(STRINGS("true"));
  struct stages s = spawn_written(-1);
  expect_failed(s.sync, 0, 1, ENOENT);
  expect_end(s.sync);
  EQUAL(kago_wait(s.intermediate), 1 << 8);
  EQUAL(waitpid(-1, NULL, 0), -1);
}

/* Init's failure, whichever message comes first; it is gone afterwards. */
static void expect_init_failure(uint32_t operation, int error) {
  struct stages s = spawn_written(-1);
  struct message first = receive_message(s.sync), second = receive_message(s.sync);
  if (first.type == MESSAGE_FAILED) {
    struct message child = second;
    second = first;
    first = child;
  }
  EQUAL(first.type, MESSAGE_CHILD);
  EQUAL(second.type, MESSAGE_FAILED);
  EQUAL(second.stage, 1);
  EQUAL(second.value, operation);
  EQUAL(second.error, error);
  expect_end(s.sync);
  EQUAL(kago_wait((int)first.value), 1 << 8);
}

TEST(a_missing_program_is_reported_before_READY) {
  write_program_plan(STRINGS("no-such-program"));
  expect_init_failure(0, ENOENT);
  write_program_plan(STRINGS("/no/such/program"));
  expect_init_failure(0, ENOENT);
  write_program_plan(STRINGS("/tmp"));
  expect_init_failure(0, EACCES);
  write_program_plan(STRINGS(""));
  expect_init_failure(0, ENOENT);
}

TEST(a_stage_that_ends_without_exec_is_a_failure) {
  begin_plan(&w);
  begin_init();
  begin_operation(&w, OP_umask);
  put_u32(&w, 022);
  expect_init_failure(0, ENOEXEC);
}

TEST(a_failed_exec_names_stage_and_operation) {
  int fd = open("junk", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
  CHECK(fd >= 0 && write(fd, "\1\2\3\4", 4) == 4);
  close(fd);
  write_program_plan(STRINGS("./junk"));
  struct stages s = spawn_written(-1);
  await_ready(&s);
  answer(s.sync, ANSWER_START);
  expect_failed(s.sync, 1, 2, ENOEXEC);
  expect_end(s.sync);
  EQUAL(kago_wait(s.init), 1 << 8);
}

TEST(what_cannot_be_executed_fails_in_kago_spawn_and_leaves_no_child) {
  int32_t pair[2];
  static sigset_t before, after; /* static: only a part of them is filled */
  sigprocmask(SIG_SETMASK, NULL, &before);
  int plan = kago_memory_file("plan", (const uint8_t *)"x", 1);
  EQUAL(kago_socket_pair(pair), 0);
  int text = kago_memory_file("text", (const uint8_t *)"text", 4);
  EQUAL(spawn_with(text, plan, pair[0], -1), -ENOEXEC);
  EQUAL(spawn_with(250, plan, pair[0], -1), -EBADF);
  EQUAL(spawn_with(kago_open(".", O_DIRECTORY), plan, pair[0], -1), -EACCES);
  EQUAL(spawn_with(stage_program(), plan, pair[0], text), -EBADF); /* no cgroup */
  EQUAL(waitpid(-1, NULL, 0), -1);
  EQUAL(errno, ECHILD);
  sigprocmask(SIG_SETMASK, NULL, &after);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  EQUAL(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
}
