/* notify.c: datagrams between a program and a service manager, both played here. */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../shim/notify.h"
#include "../../shim/shim.h"

static int manager = -1; /* the manager's own end */
static const char NAMES[] = "READY= RELOADING= STATUS= MONOTONIC_USEC=";
static struct notify notify = {-1, -1, NAMES};

static int bound(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  return fd;
}

static void set_up(void) {
  char path[300];
  snprintf(path, sizeof path, "%s/manager", check_folder);
  manager = bound("manager");
  notify.manager = kago_notify_connect(path);
  notify.inside = kago_notify_listen("inside");
  CHECK(notify.manager >= 0 && notify.inside >= 0);
}

static void tell(const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "inside"};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address) >= 0);
  close(fd);
}

/* What the manager got, "" for nothing. */
static const char *got(void) {
  static char text[8192];
  ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
  text[n > 0 ? n : 0] = 0;
  return text;
}

TEST(readiness_comes_with_the_main_process) {
  set_up();
  tell("READY=1\nSTATUS=up");
  EQUAL(notify_pass(&notify, 42), 1);
  EQUAL_TEXT(got(), "READY=1\nSTATUS=up\nMAINPID=42\n");
}

TEST(what_is_not_readiness_is_passed_on_as_it_is) {
  set_up();
  tell("RELOADING=1\nMONOTONIC_USEC=5\n");
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL_TEXT(got(), "RELOADING=1\nMONOTONIC_USEC=5\n");
  tell("XREADY=1\nSTATUS=a=b");
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL_TEXT(got(), "STATUS=a=b\n");
}

TEST(what_is_not_the_programs_to_say_is_left_out) {
  set_up();
  tell("MAINPID=1\nMAINPIDFD=1\nNOTIFYACCESS=all\nFDSTORE=1\nBARRIER=1\n\nREADY\nREADY=\n=\n");
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL_TEXT(got(), "");
}

TEST(without_names_nothing_is_passed_on) {
  set_up();
  for (int i = 0; i < 3; i++) {
    notify.names = (const char *const[]){"", " ", "  STOP= "}[i];
    tell("READY=1\n =1\nSTOPPING=1");
    EQUAL(notify_pass(&notify, 42), 0);
    EQUAL_TEXT(got(), "");
  }
  notify.names = NAMES;
}

TEST(a_datagram_that_is_too_long_is_dropped_and_the_longest_is_not) {
  static char text[4200];
  set_up();
  memset(text, 'x', sizeof text - 1);
  memcpy(text, "STATUS=", 7);
  tell(text);
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL_TEXT(got(), "");
  text[4095] = 0;
  tell(text);
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL((long long)strlen(got()), 4096);
}

TEST(with_nothing_to_pass_on_nobody_waits) {
  set_up();
  EQUAL(notify_pass(&notify, 42), 0);
  tell("");
  EQUAL(notify_pass(&notify, 42), 0);
  EQUAL_TEXT(got(), "");
}

TEST(a_manager_that_is_gone_is_no_error) {
  set_up();
  close(manager);
  tell("READY=1");
  EQUAL(notify_pass(&notify, 42), 1);
}

TEST(everybody_may_send_and_an_old_socket_is_replaced) {
  struct stat info;
  umask(077);
  CHECK(kago_notify_listen("inside") >= 0);
  CHECK(kago_notify_listen("inside") >= 0);
  CHECK(stat("inside", &info) == 0);
  EQUAL(info.st_mode, S_IFSOCK | 0777);
}

TEST(a_manager_that_is_not_there_is_an_error) {
  char address[200];
  EQUAL(kago_notify_connect("/no/such/socket"), -ENOENT);
  EQUAL(kago_notify_connect("@kago-no-such-manager"), -ECONNREFUSED);
  memset(address, 'a', sizeof address - 1);
  address[0] = '/';
  address[199] = 0;
  EQUAL(kago_notify_connect(address), -ENAMETOOLONG);
}

static void *close_what_comes(void *unused) {
  char text[100], space[CMSG_SPACE(sizeof(int))];
  for (int barrier = 0; !barrier;) {
    struct iovec part = {text, sizeof text};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    CHECK(recvmsg(manager, &message, 0) > 0);
    barrier = CMSG_FIRSTHDR(&message) != NULL;
    if (barrier) CHECK(memcmp(text, "BARRIER=1", 9) == 0);
    usleep(100000);
    if (barrier) close(*(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&message)));
  }
  return unused;
}

TEST(waiting_for_readiness_ends_when_the_manager_has_taken_notice) {
  pthread_t thread;
  set_up();
  pid_t pid = fork();
  if (pid == 0) {
    usleep(50000);
    tell("STATUS=soon");
    tell("READY=1");
    for (;;) pause();
  }
  CHECK(pthread_create(&thread, NULL, close_what_comes, NULL) == 0);
  EQUAL(kago_notify_wait(notify.inside, notify.manager, pid, NAMES), 1);
  CHECK(pthread_join(thread, NULL) == 0);
  kill(pid, SIGKILL);
}

TEST(waiting_for_readiness_ends_with_the_process) {
  set_up();
  pid_t pid = fork();
  if (pid == 0) {
    tell("STATUS=last words");
    _exit(0);
  }
  EQUAL(kago_notify_wait(notify.inside, notify.manager, pid, NAMES), 0);
  EQUAL_TEXT(got(), "STATUS=last words\n");
}

static void *tell_number(void *to) {
  *(_Atomic pid_t *)to = gettid();
  pause();
  return NULL;
}

TEST(waiting_for_readiness_takes_a_threads_number_for_a_process_that_has_ended) {
  pthread_t thread;
  static _Atomic pid_t number;
  set_up();
  CHECK(pthread_create(&thread, NULL, tell_number, (void *)&number) == 0);
  while (number == 0) usleep(1000);
  EQUAL(kago_pidfd_open(number), -ESRCH);
  EQUAL(kago_notify_wait(notify.inside, notify.manager, number, NAMES), 0);
  CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
}

TEST(whoever_goes_on_telling_after_the_process_does_not_keep_us) {
  set_up();
  pid_t flood = fork();
  if (flood == 0) {
    for (;;) tell("STATUS=more");
  }
  pid_t reader = fork();
  if (reader == 0) {
    for (;;) {
      char text[100];
      recv(manager, text, sizeof text, 0);
    }
  }
  pid_t pid = fork();
  if (pid == 0) _exit(7);
  EQUAL(kago_foreground(pid, -1, notify.inside, notify.manager, NAMES), 7 << 8);
  pid = fork();
  if (pid == 0) _exit(0);
  EQUAL(kago_notify_wait(notify.inside, notify.manager, pid, NAMES), 0);
  kill(flood, SIGKILL);
  kill(reader, SIGKILL);
}
