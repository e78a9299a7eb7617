/* remove_tree(): folders that others have filled, and go on filling. Tests with mounts need root. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "../../shim/remove_tree.h"
#include "../../shim/shim.h"
#include "../check.h"

enum { DEPTH = 60000, FEW = 16 };

/* Nested folders, each with a file; each is made by the descriptor of the one above. */
static void nest(const char *name, int depth) {
  CHECK(mkdir(name, 0700) == 0);
  int at = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < depth; i++) {
    CHECK(at >= 0 && mkdirat(at, "d", 0700) == 0);
    int below = openat(at, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (i % 1000 == 0) close(openat(below, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    close(at);
    at = below;
  }
  close(at);
}

static void limit_descriptors(rlim_t count) {
  struct rlimit limit = {count, count};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

TEST(sixty_thousand_folders_in_each_other_take_no_descriptor_each) {
  char path[64];
  /* A state is on a tmpfs as well; on a disk this takes minutes. */
  snprintf(path, sizeof path, "/dev/shm/kago_remove_tree_%d", getpid());
  nest(path, DEPTH);
  limit_descriptors(FEW);
  EQUAL(remove_tree(AT_FDCWD, path), -EXDEV); /* not below where we are */
  EQUAL(kago_remove_tree(path), 0);
  CHECK(access(path, F_OK) < 0);
}

TEST(a_broad_tree_and_files_of_every_kind_go) {
  CHECK(mkdir("tree", 0700) == 0);
  for (int i = 0; i < 300; i++) {
    char path[64];
    snprintf(path, sizeof path, "tree/%d", i);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "tree/%d/inner", i);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "tree/%d/inner/.kago-removed-%d", i, i);
    CHECK(mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "tree/%d/inner/fifo", i);
    CHECK(mkfifo(path, 0600) == 0);
    snprintf(path, sizeof path, "tree/.kago-removed-%d", i);
    CHECK(mkdir(path, 0700) == 0);
  }
  EQUAL(remove_tree(AT_FDCWD, "tree"), 0);
  CHECK(access("tree", F_OK) < 0);
  EQUAL(remove_tree(AT_FDCWD, "tree"), 0);
}

TEST(links_are_removed_and_what_they_name_stays) {
  CHECK(mkdir("victim", 0700) == 0 && mkdir("victim/inner", 0700) == 0 && mkdir("tree", 0700) == 0);
  CHECK(symlink("../victim", "tree/link") == 0 && symlink("victim", "name") == 0);
  EQUAL(remove_tree(AT_FDCWD, "tree"), 0);
  EQUAL(remove_tree(AT_FDCWD, "name"), 0);
  CHECK(access("victim/inner", F_OK) == 0 && access("name", F_OK) < 0);
}

/* Another process puts a link to a victim in a folder's place and back, all the time. */
TEST(a_folder_that_becomes_a_link_meanwhile_leads_nowhere) {
  CHECK(mkdir("victim", 0700) == 0 && mkdir("victim/inner", 0700) == 0 && mkdir("victim/inner/kept", 0700) == 0);
  CHECK(symlink("victim", "link") == 0);
  for (int round = 0; round < 200; round++) {
    CHECK(mkdir("tree", 0700) == 0 && mkdir("tree/swapped", 0700) == 0 && mkdir("tree/swapped/inner", 0700) == 0);
    CHECK(mkdir("tree/swapped/inner/kept", 0700) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    while (pid == 0)
      raw_syscall(SYS_renameat2, AT_FDCWD, (long)"tree/swapped", AT_FDCWD, (long)"link", 2 /* RENAME_EXCHANGE */, 0);
    int result = remove_tree(AT_FDCWD, "tree");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    /* openat2(2) refuses what is moved out of the tree meanwhile. */
    if (result != -EAGAIN && result != -EXDEV && result != 0) EQUAL(result, -ENOTEMPTY);
    CHECK(access("victim/inner/kept", F_OK) == 0);
    EQUAL(remove_tree(AT_FDCWD, "tree"), 0);
    /* Whichever of the two is the link now. */
    EQUAL(remove_tree(AT_FDCWD, "link"), 0);
    CHECK(symlink("victim", "link") == 0);
  }
}

TEST(a_mount_is_neither_emptied_nor_taken_off) {
  if (geteuid() != 0) return;
  CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mkdir("victim", 0700) == 0 && mkdir("victim/kept", 0700) == 0);
  CHECK(mkdir("tree", 0700) == 0 && mkdir("tree/inner", 0700) == 0 && mkdir("tree/inner/mount", 0700) == 0);
  CHECK(mount("victim", "tree/inner/mount", NULL, MS_BIND, NULL) == 0);
  int result = remove_tree(AT_FDCWD, "tree");
  CHECK(result == -EBUSY || result == -EXDEV);
  CHECK(access("victim/kept", F_OK) == 0);
  CHECK(umount2("tree/inner/mount", 0) == 0);
  EQUAL(remove_tree(AT_FDCWD, "tree"), 0);
}
