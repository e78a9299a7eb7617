/* The agent's connections, served as in a guest but over a socket pair: the container is a process in namespaces of its
 * own, its cgroup a folder. Needs root. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../agent/agent.h"
#include "../../agent/serve.h"
#include "../../common/kernel.h"
#include "../../session/agent_client.h"
#include "../../stage/failure.h"
#include "../check.h"
#include "../plan_writer.h"

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for namespaces")

enum { PATIENCE_MS = 20000, MUCH = 3 << 20 };

static struct guest guest;

static void start_container(void) {
  CHECK(mkdir("cgroup", 0755) == 0);
  close(open("cgroup/cgroup.procs", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  struct clone_args_v2 args = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP, .exit_signal = SIGCHLD};
  guest.program = (pid_t)sys_clone3(&args);
  CHECK(guest.program >= 0);
  while (guest.program == 0) pause();
  guest.pidfd = sys_pidfd_open(guest.program);
  CHECK(guest.pidfd >= 0);
  guest.cgroup = "cgroup";
}

/* A connection that is served, past its HELLO. */
static int connect_to_agent(void) {
  int wire[2];
  uint8_t payload[4];
  struct frame frame;
  if (!guest.cgroup) start_container();
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    close(wire[0]);
    serve(wire[1], &guest);
  }
  close(wire[1]);
  EQUAL(agent_receive(wire[0], &frame, payload, 0, PATIENCE_MS), 0);
  EQUAL(frame.type, FRAME_HELLO);
  return wire[0];
}

static struct plan_writer w;

static void begin_guest_plan(void) {
  begin_plan(&w);
  begin_stage(&w, STAGE_GUEST);
}

static void chdir_to(const char *path) {
  begin_operation(&w, OP_chdir);
  put_str(&w, path);
}

/* With what is in the plan before. */
static int execute_plan(const char *program, const char *script) {
  static uint8_t payload[WRITER_CAPACITY + 4];
  const char *args[] = {program, "-c", script, NULL}, *none[] = {NULL};
  begin_operation(&w, OP_find_program);
  put_str(&w, program);
  put_str(&w, "/bin");
  begin_operation(&w, OP_exec);
  put_strs(&w, args);
  put_strs(&w, none);
  end_plan(&w);
  write_le32(payload, 0);
  memcpy(payload + 4, w.bytes, w.size);
  int connection = connect_to_agent();
  EQUAL(agent_send(connection, FRAME_EXEC, payload, (uint32_t)w.size + 4), 0);
  return connection;
}

static int execute(const char *program, const char *script) {
  begin_guest_plan();
  return execute_plan(program, script);
}

static enum frame_type next(int connection, struct frame *frame) {
  static uint8_t payload[FRAME_MAX];
  EQUAL(agent_receive(connection, frame, payload, sizeof payload, PATIENCE_MS), 0);
  return frame->type;
}

static void give_credit(int connection, uint8_t stream, uint32_t amount) {
  uint8_t bytes[FRAME_HEADER + 4];
  frame_header(bytes, FRAME_CREDIT, stream, 4);
  write_le32(bytes + FRAME_HEADER, amount);
  EQUAL(agent_send_bytes(connection, bytes, sizeof bytes), 0);
}

static void send_stream(int connection, enum frame_type type, const char *text) {
  uint8_t header[FRAME_HEADER];
  uint32_t size = (uint32_t)strlen(text);
  frame_header(header, type, 0, size);
  EQUAL(agent_send_bytes(connection, header, sizeof header), 0);
  EQUAL(agent_send_bytes(connection, (const uint8_t *)text, size), 0);
}

/* Reads a session to its end: its exit code, and what came on stdout in `text`. */
static int finish(int connection, char *text, size_t room, size_t *size) {
  struct frame frame;
  *size = 0;
  for (;;) {
    switch (next(connection, &frame)) {
      case FRAME_DATA:
        if (frame.stream == 1) {
          for (uint32_t i = 0; i < frame.size && *size < room; i++) text[(*size)++] = (char)frame.payload[i];
        }
        give_credit(connection, frame.stream, frame.size + FRAME_COST);
        break;
      case FRAME_EXIT: {
        int code = (int)read_le32(frame.payload);
        EQUAL(agent_send(connection, FRAME_BYE, NULL, 0), 0);
        close(connection);
        return code;
      }
      default: break;
    }
  }
}

TEST(a_process_has_its_streams_and_its_exit_code) {
  NEEDS_ROOT;
  char text[100] = "";
  size_t size;
  struct frame frame;
  int connection = execute("sh", "echo $$ out; echo err >&2; cat; exit 7");
  EQUAL(next(connection, &frame), FRAME_STARTED);
  send_stream(connection, FRAME_DATA, "from outside\n");
  send_stream(connection, FRAME_END, "");
  EQUAL(finish(connection, text, sizeof text - 1, &size), 7);
  CHECK(strstr(text, " out\nfrom outside\n"));
  CHECK(atoi(text) > 1 && atoi(text) < 10); /* a pid of the container's namespace */
}

TEST(all_that_a_process_wrote_comes_before_its_exit_code) {
  NEEDS_ROOT;
  static char text[MUCH];
  size_t size;
  int connection = execute("sh", "head -c 3145728 /dev/zero");
  EQUAL(finish(connection, text, sizeof text, &size), 0);
  EQUAL(size, MUCH);
}

TEST(a_writer_whose_reader_on_the_host_has_gone_ends_by_SIGPIPE) {
  NEEDS_ROOT;
  static char text[MUCH];
  size_t size;
  uint8_t closed[FRAME_HEADER];
  int connection = execute("sh", "while echo something; do :; done");
  frame_header(closed, FRAME_CLOSED, 1, 0);
  EQUAL(agent_send_bytes(connection, closed, sizeof closed), 0);
  EQUAL(finish(connection, text, sizeof text, &size), EXIT_BY_SIGNAL + SIGPIPE);
  CHECK(size < MUCH);
}

TEST(a_program_that_is_not_there_fails_with_its_operation) {
  NEEDS_ROOT;
  struct frame frame;
  int connection = execute("/no/program", "");
  EQUAL(next(connection, &frame), FRAME_FAILED);
  EQUAL(read_le32(frame.payload), 0);
  EQUAL(read_le32(frame.payload + 4), ENOENT);
  EQUAL(frame.size, FAILED_MIN);
}

/* A finding of the first field. */
static void expect_found(const uint8_t *at, uint32_t size, enum found found, const char *text) {
  uint32_t length = (uint32_t)strlen(text);
  EQUAL(size, 4 + length);
  EQUAL(at[0], 0);
  EQUAL(at[1], found);
  EQUAL(at[2] | at[3] << 8, length);
  CHECK(memcmp(at + 4, text, length) == 0);
}

TEST(an_operation_that_fails_comes_with_what_its_path_looks_like) {
  NEEDS_ROOT;
  struct frame frame;
  begin_guest_plan();
  begin_operation(&w, OP_setsid);
  chdir_to("/etc/passwd/x");
  int connection = execute_plan("sh", "");
  EQUAL(next(connection, &frame), FRAME_FAILED);
  EQUAL(read_le32(frame.payload), 1);
  EQUAL(read_le32(frame.payload + 4), ENOTDIR);
  expect_found(frame.payload + FAILED_MIN, frame.size - FAILED_MIN, FOUND_NO_FOLDER, "/etc/passwd");
}

TEST(what_the_containers_own_process_failed_for_is_printed_with_the_part_of_the_path) {
  struct plan plan;
  struct plan_fault fault;
  int ends[2], status;
  char text[200];
  begin_guest_plan();
  chdir_to("/etc/no-such/x");
  end_plan(&w);
  CHECK(plan_check(w.bytes, w.size, &plan, &fault) == 0 && pipe(ends) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    become(&plan, -1);
  }
  close(ends[1]);
  ssize_t n = read(ends[0], text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  EQUAL_TEXT(text, "kago: in the guest: chdir: /etc/no-such: No such file or directory\n");
  EQUAL(waitpid(pid, &status, 0), pid);
  EQUAL(exit_code(status), EXIT_SETUP_FAILED);
}

TEST(a_signal_reaches_the_process_and_its_number_the_host) {
  NEEDS_ROOT;
  char text[10];
  size_t size;
  struct frame frame;
  uint8_t payload[8] = {SIGTERM};
  int connection = execute("sh", "exec sleep 1000");
  EQUAL(next(connection, &frame), FRAME_STARTED);
  EQUAL(agent_send(connection, FRAME_SIGNAL, payload, sizeof payload), 0);
  EQUAL(finish(connection, text, sizeof text, &size), 128 + SIGTERM);
}

TEST(a_connection_that_breaks_takes_its_process_with_it) {
  NEEDS_ROOT;
  struct frame frame;
  int alive[2];
  char byte;
  start_container(); /* before the pipe, which it would hold open */
  CHECK(pipe(alive) == 0);
  int connection = execute("sh", "exec sleep 1000");
  EQUAL(next(connection, &frame), FRAME_STARTED);
  close(connection);
  close(alive[1]); /* the only other holder is the process, which inherited it */
  EQUAL(read(alive[0], &byte, 1), 0);
}

TEST(what_is_no_plan_is_refused) {
  NEEDS_ROOT;
  struct frame frame;
  int connection = connect_to_agent();
  EQUAL(agent_send(connection, FRAME_EXEC, "\0\0\0\0KGO1", 8), 0);
  EQUAL(next(connection, &frame), FRAME_FAILED);
  EQUAL(read_le32(frame.payload + 4), EBADMSG);
}

TEST(a_signal_to_the_container_is_answered) {
  NEEDS_ROOT;
  struct frame frame;
  uint8_t payload[8] = {0};
  int connection = connect_to_agent();
  EQUAL(agent_send(connection, FRAME_SIGNAL, payload, sizeof payload), 0);
  EQUAL(next(connection, &frame), FRAME_REPLY);
  EQUAL(read_le32(frame.payload), 0);
  connection = connect_to_agent();
  write_le32(payload, 99);
  EQUAL(agent_send(connection, FRAME_SIGNAL, payload, sizeof payload), 0);
  EQUAL(next(connection, &frame), FRAME_REPLY);
  EQUAL((int32_t)read_le32(frame.payload), -EINVAL);
}

TEST(figures_and_processes_come_bounded) {
  NEEDS_ROOT;
  struct frame frame;
  int connection = connect_to_agent();
  EQUAL(agent_send(connection, FRAME_FIGURES, NULL, 0), 0);
  EQUAL(next(connection, &frame), FRAME_REPLY);
  EQUAL(frame.size, 4 + 6 * 8);
  CHECK(read_le32(frame.payload + 4) > 0 || read_le32(frame.payload + 8) > 0);
  FILE *procs = fopen("cgroup/cgroup.procs", "w");
  for (int i = 0; i < 2000; i++) fprintf(procs, "%d\n", (int)guest.program);
  fclose(procs);
  connection = connect_to_agent();
  EQUAL(agent_send(connection, FRAME_PROCESSES, NULL, 0), 0);
  EQUAL(next(connection, &frame), FRAME_REPLY);
  CHECK(frame.size <= FRAME_MAX && frame.size > FRAME_MAX / 2);
  CHECK(!strncmp((const char *)frame.payload + 4, "1\t0\t0\t", 6));
}
