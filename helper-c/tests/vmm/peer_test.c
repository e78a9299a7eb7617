/* vmm_spawn_peer(): the program has its end of the socket, and nothing else of ours. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "../check.h"

#include "../../shim/shim.h"
#include "../../vmm/vmm.h"

static int32_t peer[3];

static int start(const char *script) {
  char *const argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL};
  return vmm_spawn_peer("/bin/sh", argv, peer);
}

static void expect_answer(int fd, const char *text) {
  char found[256] = "";
  size_t length = 0;
  for (ssize_t n; (n = read(fd, found + length, sizeof found - 1 - length)) > 0;) length += (size_t)n;
  EQUAL_TEXT(found, text);
  EQUAL(kago_wait(peer[0]), 0);
  close(fd);
}

TEST(the_socket_goes_both_ways_and_ends_with_the_program) {
  int fd = start("read line <&3; echo \"$line back\" >&3");
  CHECK(fd >= 0 && write(fd, "there\n", 6) == 6);
  expect_answer(fd, "there back\n");
}

TEST(its_input_is_dev_null) {
  int fd = start("exec >&3; readlink /proc/self/fd/0; cat; readlink /proc/self/fd/4 || echo none");
  expect_answer(fd, "/dev/null\nnone\n");
}

/* Not even a child of its own, which is root too, looks into it; a file of a process that is not dumpable is root's. */
TEST(nobody_looks_into_it) {
  SKIP_UNLESS(geteuid() == 0, "needs root to have another group than root's");
  int fd = start("exec >&3; readlink /proc/$$/fd/0 || echo shut; readlink /proc/$$/root || echo shut");
  expect_answer(fd, "shut\nshut\n");
}

TEST(it_has_few_capabilities_and_gets_no_more) {
  SKIP_UNLESS(geteuid() == 0, "needs root to have capabilities");
  int fd =
      start("while read -r line; do case $line in Cap[IPEB]*|NoNew*) echo \"$line\" >&3; esac; done </proc/$$/status");
  expect_answer(fd,
                "CapInh:\t0000000000000000\nCapPrm:\t00000000800004c0\nCapEff:\t00000000800004c0\n"
                "CapBnd:\t00000000800004c0\nNoNewPrivs:\t1\n");
}

TEST(the_environment_is_empty) {
  setenv("SECRET", "1", 1);
  int fd = start("echo \"[$SECRET]\" >&3");
  expect_answer(fd, "[]\n");
}

TEST(descriptors_of_ours_stay_ours) {
  int own = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  CHECK(own >= 0);
  /* Not those that whoever runs the tests has left open. */
  CHECK(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0);
  int fd = start("exec >&3; ls /proc/$$/fd; true");
  expect_answer(fd, "0\n1\n2\n3\n");
}

TEST(its_errors_and_its_word_that_it_is_ready_are_kept) {
  char found[16] = "";
  int fd = start("echo wrong >&2; echo ready >/proc/self/fd/1");
  expect_answer(fd, "");
  CHECK(pread(peer[1], found, sizeof found - 1, 0) == 6);
  EQUAL_TEXT(found, "wrong\n");
  CHECK(pread(peer[2], found, sizeof found - 1, 0) == 6);
  EQUAL_TEXT(found, "ready\n");
  EQUAL(fcntl(peer[1], F_GETFD) & fcntl(peer[2], F_GETFD), FD_CLOEXEC);
}

TEST(blocked_and_ignored_signals_do_not_reach_it) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  signal(SIGTERM, SIG_IGN);
  int fd = start("kill $$; echo alive >&3");
  char byte;
  EQUAL(read(fd, &byte, 1), 0);
  EQUAL(kago_wait(peer[0]), SIGTERM);
}

TEST(a_program_that_is_not_there_is_told) {
  char *const argv[] = {"x", NULL};
  EQUAL(vmm_spawn_peer("/no/such/program", argv, peer), -ENOENT);
  int before = dup(0);
  close(before);
  vmm_spawn_peer("/no/such/program", argv, peer);
  EQUAL(dup(0), before);
}
