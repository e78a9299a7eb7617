/* The sockets among a guest's volumes, from a client to a server and back: the VMM's end in this process, the agent's in
 * others, and a socket of this folder's between them where a VM has vsock. Needs root for a root of its own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../agent/agent.h"
#include "../../agent/serve.h"
#include "../../common/kernel.h"
#include "../../session/agent_client.h"
#include "../../vmm/host_sockets.h"
#include "../../vmm/vmm.h"
#include "../check.h"
#include "../plan_writer.h"

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for mounts")

enum { MUCH = 1 << 20, MODE = 0620, UID = 1234, GID = 4321 };

static void address_of(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
}

static int bind_at(const char *path, int type) {
  struct sockaddr_un address;
  address_of(path, &address);
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

static int listen_at(const char *path, int backlog) {
  int fd = bind_at(path, SOCK_STREAM);
  CHECK(listen(fd, backlog) == 0);
  return fd;
}

/* Descriptor or -errno. */
static int try_connect(const char *path) {
  struct sockaddr_un address;
  address_of(path, &address);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = as_result(connect(fd, (struct sockaddr *)&address, sizeof address));
  if (result == 0) return fd;
  close(fd);
  return result;
}

static int connect_to(const char *path) {
  int fd = try_connect(path);
  CHECK(fd >= 0);
  return fd;
}

/* A process of ours that ends with this one. */
static pid_t begin(void) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return pid;
}

/* An empty root, in which /host is what the guest sees of the host's files. */
static void enter_root(void) {
  CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mkdir("root", 0755) == 0 && mount("tmpfs", "root", "tmpfs", 0, NULL) == 0 && chdir("root") == 0);
  CHECK(mkdir("sockets", 0755) == 0 && mkdir("host", 0755) == 0 && mkdir("vmm", 0755) == 0);
  CHECK(mkdir("proc", 0755) == 0 && mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) == 0);
  CHECK(chroot(".") == 0);
}

/* With openSocketTree for each of the paths below /host. */
static const struct plan *plan_of(const char *const paths[], uint32_t count) {
  static struct plan_writer w;
  static struct plan plan;
  struct plan_fault fault;
  begin_plan(&w);
  begin_stage(&w, STAGE_GUEST);
  for (uint32_t i = 0; i < count; i++) {
    begin_operation(&w, OP_open_socket_tree);
    put_str(&w, paths[i]);
    put_u32(&w, 0);
    put_u32(&w, i);
  }
  end_plan(&w);
  CHECK(plan_check(w.bytes, w.size, &plan, &fault) == 0);
  return &plan;
}

static struct guest guest;

/* The agent: its listener is this process's, as a VMM's would be; what is after that, others', which do not have the server. */
static void start_agent(int server) {
  int listener = listen_at("/vmm/" AGENT_SOCKET, 100);
  guest.program = begin();
  if (guest.program == 0) close(server);
  while (guest.program == 0) pause();
  guest.pidfd = sys_pidfd_open(guest.program);
  CHECK(guest.pidfd >= 0);
  guest.cgroup = "/";
  if (begin()) {
    close(listener);
    return;
  }
  close(server);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  for (;;) serve_accept(listener, &guest);
}

/* One socket, /host/x, of a server, and the agent's in its place, which is /sockets/0. */
static int set_up_as(int type) {
  static const char *const paths[] = {"/x"};
  const char *failed;
  enter_root();
  int server = bind_at("/host/x", type);
  if (type != SOCK_DGRAM) CHECK(listen(server, 100) == 0);
  CHECK(chown("/host/x", UID, GID) == 0 && chmod("/host/x", MODE) == 0);
  EQUAL(sockets_open(plan_of(paths, 1), "/host", &failed), 0);
  start_agent(server);
  EQUAL(sockets_add("/host/x"), 0);
  EQUAL(sockets_begin(open("/vmm", O_PATH | O_DIRECTORY | O_CLOEXEC)), 0);
  return server;
}

static int set_up(void) { return set_up_as(SOCK_STREAM); }

/* The VMM's thread, until this process has ended: its exit code. */
static int relay_until_end(pid_t client) {
  int status;
  while (waitpid(client, &status, WNOHANG) == 0) CHECK(sockets_step(20));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static unsigned char pattern(size_t at) { return (unsigned char)(at * 31 + (at >> 13)); }

/* Sends a pattern: how much went. */
static size_t send_pattern(int fd, size_t size) {
  static unsigned char bytes[9999];
  size_t sent = 0;
  while (sent < size) {
    size_t most = size - sent < sizeof bytes ? size - sent : sizeof bytes;
    for (size_t i = 0; i < most; i++) bytes[i] = pattern(sent + i);
    ssize_t n = send(fd, bytes, most, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += (size_t)n;
  }
  return sent;
}

/* Reads to the end: how much of the pattern came, -1 for anything else. */
static ssize_t read_pattern(int fd) {
  static unsigned char bytes[7777];
  ssize_t n, all = 0;
  while ((n = read(fd, bytes, sizeof bytes)) > 0) {
    for (ssize_t i = 0; i < n; i++) {
      if (bytes[i] != pattern((size_t)(all + i))) return -1;
    }
    all += n;
  }
  return all;
}

static int descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

TEST(the_agents_socket_has_the_owner_and_the_mode_of_the_hosts) {
  NEEDS_ROOT;
  struct stat info;
  set_up();
  CHECK(stat("/sockets/0", &info) == 0);
  EQUAL(info.st_mode, S_IFSOCK | MODE);
  EQUAL(info.st_uid, UID);
  EQUAL(info.st_gid, GID);
}

TEST(what_is_no_socket_is_refused_with_its_path) {
  NEEDS_ROOT;
  static const char *const paths[] = {"/file", "/none"};
  const char *failed = NULL;
  enter_root();
  close(open("/host/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL(sockets_open(plan_of(paths, 1), "/host", &failed), -ENOTSOCK);
  EQUAL_TEXT(failed, "/file");
  EQUAL(sockets_add("/host/file"), -ENOTSOCK);
  EQUAL(sockets_add("/host/none"), -ENOENT);
}

TEST(each_direction_ends_by_itself_and_all_of_it_arrives) {
  NEEDS_ROOT;
  int server = set_up();
  if (begin() == 0) {
    int fd = accept(server, NULL, NULL);
    /* The client's end has come before there is an answer, which it still gets. */
    if (read_pattern(fd) != MUCH || send_pattern(fd, 3 * MUCH) != 3 * MUCH) _exit(1);
    _exit(0);
  }
  pid_t client = begin();
  if (client == 0) {
    int fd = connect_to("/sockets/0");
    if (send_pattern(fd, MUCH) != MUCH || shutdown(fd, SHUT_WR) < 0) _exit(1);
    _exit(read_pattern(fd) == 3 * MUCH ? 0 : 2);
  }
  EQUAL(relay_until_end(client), 0);
}

TEST(what_a_server_sent_before_it_closed_arrives) {
  NEEDS_ROOT;
  int server = set_up();
  if (begin() == 0) {
    int fd = accept(server, NULL, NULL);
    _exit(send_pattern(fd, MUCH) != MUCH);
  }
  pid_t client = begin();
  if (client == 0) {
    int fd = connect_to("/sockets/0");
    usleep(300000);
    _exit(read_pattern(fd) != MUCH);
  }
  EQUAL(relay_until_end(client), 0);
}

TEST(a_server_hears_that_its_client_has_gone_and_a_client_that_its_server_has) {
  NEEDS_ROOT;
  int server = set_up();
  pid_t serving = begin();
  if (serving == 0) {
    /* Sends without end to who reads nothing, and ends. */
    int fd = accept(server, NULL, NULL);
    CHECK(send_pattern(fd, SIZE_MAX) < SIZE_MAX);
    close(fd);
    _exit(7);
  }
  if (begin() == 0) {
    int fd = connect_to("/sockets/0");
    send(fd, "x", 1, 0);
    usleep(200000);
    _exit(0);
  }
  EQUAL(relay_until_end(serving), 7);
  if (begin() == 0) {
    close(accept(server, NULL, NULL));
    _exit(0);
  }
  pid_t client = begin();
  if (client == 0) {
    int fd = connect_to("/sockets/0");
    _exit(send_pattern(fd, SIZE_MAX) < SIZE_MAX ? 8 : 1);
  }
  EQUAL(relay_until_end(client), 8);
}

TEST(a_descriptor_ends_its_connection) {
  NEEDS_ROOT;
  int server = set_up();
  if (begin() == 0) {
    char byte;
    int fd = accept(server, NULL, NULL);
    _exit(read(fd, &byte, 1) != 0);
  }
  pid_t client = begin();
  if (client == 0) {
    char byte;
    int fd = connect_to("/sockets/0");
    socket_send(fd, "x", 1, 0, STDERR_FILENO);
    _exit(read(fd, &byte, 1) == 0 ? 0 : 1);
  }
  EQUAL(relay_until_end(client), 0);
}

TEST(a_descriptor_of_the_servers_ends_its_connection_and_is_said) {
  NEEDS_ROOT;
  static char text[256];
  int ends[2], server = set_up();
  CHECK(pipe(ends) == 0);
  vm.messages = ends[1];
  if (begin() == 0) {
    int fd = accept(server, NULL, NULL);
    socket_send(fd, "x", 1, 0, STDERR_FILENO);
    _exit(0);
  }
  pid_t client = begin();
  if (client == 0) {
    char byte;
    _exit(read(connect_to("/sockets/0"), &byte, 1) != 0);
  }
  EQUAL(relay_until_end(client), 0);
  for (int i = 0; i < 50; i++) CHECK(sockets_step(20));
  ssize_t n = read(ends[0], text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  EQUAL_TEXT(text, "kago: microVM: /host/x: SCM_RIGHTS: no descriptor enters a microVM, so the connection has ended\n");
}

/* A client that says nothing, with all that it has to say in one piece. */
/* As the agent: a connection of the VMM's past its SOCKET. One that a busy machine answers too late is given up, and another comes. */
static int take_link(int listener) {
  uint8_t frame[FRAME_HEADER + 4];
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (agent_send(fd, FRAME_HELLO, NULL, 0) == 0 && recv(fd, frame, sizeof frame, MSG_WAITALL) == sizeof frame &&
        frame[0] == FRAME_SOCKET)
      return fd;
    close(fd);
  }
}

TEST(an_end_that_comes_with_its_client_reaches_the_server_at_once) {
  NEEDS_ROOT;
  uint8_t bytes[2 * FRAME_HEADER], frame[64];
  enter_root();
  int server = listen_at("/host/x", 100), listener = listen_at("/vmm/" AGENT_SOCKET, 100);
  EQUAL(sockets_add("/host/x"), 0);
  EQUAL(sockets_begin(open("/vmm", O_PATH | O_DIRECTORY | O_CLOEXEC)), 0);
  frame_header(bytes, FRAME_STARTED, 0, 0);
  frame_header(bytes + FRAME_HEADER, FRAME_END, 0, 0);
  if (begin() == 0) {
    agent_send_bytes(take_link(listener), bytes, sizeof bytes);
    pause();
  }
  int fd;
  CHECK(fcntl(server, F_SETFL, O_NONBLOCK) == 0);
  while ((fd = accept(server, NULL, NULL)) < 0) CHECK(sockets_step(20));
  /* In the step in which the server got its client. */
  EQUAL(recv(fd, frame, sizeof frame, MSG_DONTWAIT), 0);
}

TEST(a_socket_without_a_server_ends_connections_and_later_ones_work) {
  NEEDS_ROOT;
  char byte;
  /* Others have it open too. */
  CHECK(shutdown(set_up(), SHUT_RDWR) == 0);
  for (int i = 0; i < 3; i++) {
    pid_t client = begin();
    if (client == 0) {
      close_range(3, UINT_MAX, 0); /* our end of the VMM's next connection is among them */
      _exit(read(connect_to("/sockets/0"), &byte, 1) == 0 ? 0 : 1);
    }
    EQUAL(relay_until_end(client), 0);
  }
}

/* A client that tries until it hears so: 0, or 1 after ten seconds. */
static int until_refused(void) {
  char byte;
  for (int i = 0; i < 1000; i++) {
    int fd = try_connect("/sockets/0");
    if (fd == -ECONNREFUSED) return 0;
    /* Before the agent has been told a connection ends. */
    if (fd < 0 || read(fd, &byte, 1) > 0) return 2;
    close(fd);
    usleep(10000);
  }
  return 1;
}

TEST(when_its_server_has_gone_a_socket_refuses_connections) {
  NEEDS_ROOT;
  int server = set_up();
  pid_t client = begin();
  if (client == 0) {
    close(server);
    _exit(try_connect("/sockets/0") < 0);
  }
  EQUAL(relay_until_end(client), 0);
  close(server);
  client = begin();
  if (client == 0) {
    close_range(3, UINT_MAX, 0);
    _exit(until_refused());
  }
  EQUAL(relay_until_end(client), 0);
  /* For good: there is no connection to the agent for it any more. */
  int before = descriptors();
  for (int i = 0; i < 20; i++) CHECK(sockets_step(20));
  EQUAL(descriptors(), before);
}

/* Nobody connects: the agent is told without. */
static void expect_refused(void) {
  pid_t client = begin();
  if (client == 0) {
    close_range(3, UINT_MAX, 0);
    sleep(3);
    _exit(try_connect("/sockets/0") != -ECONNREFUSED);
  }
  EQUAL(relay_until_end(client), 0);
}

TEST(a_socket_whose_server_has_gone_before_refuses_connections) {
  NEEDS_ROOT;
  static const char *const paths[] = {"/x"};
  const char *failed;
  enter_root();
  int server = listen_at("/host/x", 100);
  EQUAL(sockets_open(plan_of(paths, 1), "/host", &failed), 0);
  start_agent(server);
  close(server);
  EQUAL(sockets_add("/host/x"), 0);
  EQUAL(sockets_begin(open("/vmm", O_PATH | O_DIRECTORY | O_CLOEXEC)), 0);
  expect_refused();
}

/* What is written to standard error until the clients have been refused. */
static const char *said_of(int type) {
  static char text[256];
  int ends[2];
  CHECK(pipe(ends) == 0);
  vm.messages = ends[1];
  set_up_as(type);
  pid_t client = begin();
  if (client == 0) {
    close_range(3, UINT_MAX, 0);
    _exit(until_refused());
  }
  EQUAL(relay_until_end(client), 0);
  ssize_t n = read(ends[0], text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  return text;
}

#define NOT_A_STREAM "kago: microVM: /host/x: not a stream socket, so the guest cannot use it\n"

TEST(a_datagram_socket_is_refused_with_a_sentence) {
  NEEDS_ROOT;
  EQUAL_TEXT(said_of(SOCK_DGRAM), NOT_A_STREAM);
}

TEST(a_socket_of_records_is_refused_with_a_sentence) {
  NEEDS_ROOT;
  EQUAL_TEXT(said_of(SOCK_SEQPACKET), NOT_A_STREAM);
}

/* A server with room for one connection, which it takes late. */
TEST(a_server_that_takes_its_time_gets_all_connections) {
  NEEDS_ROOT;
  int server = set_up();
  CHECK(listen(server, 0) == 0);
  pid_t serving = begin();
  if (serving == 0) {
    for (int i = 0; i < 4; i++) {
      usleep(100000);
      int fd = accept(server, NULL, NULL);
      char byte;
      if (read(fd, &byte, 1) != 1 || byte != 'x') _exit(1);
      close(fd);
    }
    _exit(0);
  }
  for (int i = 0; i < 4; i++) {
    if (begin() == 0) {
      int fd = connect_to("/sockets/0");
      send(fd, "x", 1, MSG_NOSIGNAL);
      char byte;
      _exit(read(fd, &byte, 1) != 0);
    }
  }
  EQUAL(relay_until_end(serving), 0);
}

TEST(no_more_than_the_limit_are_open_at_once_the_others_wait_and_all_is_given_back) {
  NEEDS_ROOT;
  enum { MORE = RELAYS_MAX + 20 };
  int server = set_up();
  if (begin() == 0) {
    /* Takes all, answers none until it is told to. */
    for (;;) accept(server, NULL, NULL);
  }
  CHECK(sockets_step(0));
  int before = descriptors();
  pid_t client = begin();
  if (client == 0) {
    for (int i = 0; i < MORE; i++) connect_to("/sockets/0");
    sleep(2);
    _exit(0);
  }
  int most = 0, status;
  while (waitpid(client, &status, WNOHANG) == 0) {
    CHECK(sockets_step(20));
    int now = descriptors();
    if (now > most) most = now;
  }
  EQUAL(status, 0);
  /* Each has a connection to the agent and one to the server, which is there twice. */
  CHECK(most > before + RELAYS_MAX && most <= before + 3 * RELAYS_MAX);
}

/* What a hostile agent says to the VMM, instead of what it should: the connection ends, and another is made. */
TEST(a_client_that_waits_when_the_program_has_been_reaped_is_served) {
  NEEDS_ROOT;
  enum { SIZE = 5000 };
  int server = set_up(), client = connect_to("/sockets/0");
  EQUAL(send_pattern(client, SIZE), SIZE);
  close(client);
  CHECK(sockets_have_clients());
  CHECK(kill(guest.program, SIGKILL) == 0 && waitpid(guest.program, NULL, 0) == guest.program);
  pid_t reader = begin();
  if (reader == 0) _exit(read_pattern(accept(server, NULL, NULL)) == SIZE ? 0 : 1);
  EQUAL(relay_until_end(reader), 0);
  CHECK(!sockets_have_clients());
}

static void expect_end(const uint8_t *bytes, size_t size) {
  uint8_t frame[64];
  enter_root();
  listen_at("/host/x", 100);
  EQUAL(sockets_add("/host/x"), 0);
  int listener = listen_at("/vmm/" AGENT_SOCKET, 100);
  EQUAL(sockets_begin(open("/vmm", O_PATH | O_DIRECTORY | O_CLOEXEC)), 0);
  pid_t agent = begin();
  if (agent == 0) {
    for (int i = 0; i < 2; i++) {
      int fd = take_link(listener);
      if (agent_send_bytes(fd, bytes, size) < 0 || recv(fd, frame, sizeof frame, 0) != 0) _exit(3);
    }
    _exit(0);
  }
  EQUAL(relay_until_end(agent), 0);
}

#define FRAME(type) {type, 0, 0, 0, 0, 0, 0, 0}

TEST(a_second_greeting_ends_the_connection) {
  NEEDS_ROOT;
  const uint8_t bytes[] = FRAME(FRAME_HELLO);
  expect_end(bytes, sizeof bytes);
}

TEST(an_end_that_nobody_can_have_reached_ends_the_connection) {
  NEEDS_ROOT;
  const uint8_t bytes[] = FRAME(FRAME_BYE);
  expect_end(bytes, sizeof bytes);
}

TEST(what_is_no_frame_ends_the_connection) {
  NEEDS_ROOT;
  const uint8_t bytes[] = FRAME(0xff);
  expect_end(bytes, sizeof bytes);
}
