/* copy_tree(): what a folder holds comes out the same, and a hostile folder cannot make it read or write elsewhere. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../check.h"
#include "../seccomp_step.h"

#include "../../stage/mounts/copy_up.h"

static int from = -1, to = -1;

static void make_folders(void) {
  umask(0);
  CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0700) == 0);
  from = open("from", O_PATH | O_DIRECTORY | O_CLOEXEC);
  to = open("to", O_PATH | O_DIRECTORY | O_CLOEXEC);
  CHECK(from >= 0 && to >= 0);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  CHECK(fd >= 0);
  CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

static const char *read_file(const char *path) {
  static char text[4096];
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  CHECK(fd >= 0);
  ssize_t n = read(fd, text, sizeof text - 1);
  CHECK(n >= 0);
  close(fd);
  text[n] = 0;
  return text;
}

static struct stat status(const char *path) {
  struct stat info;
  if (lstat(path, &info) < 0) dprintf(2, "# %s is missing\n", path);
  CHECK(lstat(path, &info) == 0);
  return info;
}

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for chown and mknod")

TEST(copy_tree_copies_contents_and_modes) {
  make_folders();
  umask(077);
  write_file("from/plain", "plain text");
  write_file("from/empty", "");
  CHECK(mkdir("from/folder", 0755) == 0);
  write_file("from/folder/inner", "inner");
  mode_t least = geteuid() == 0 ? 0 : 0400; /* who is not root must be able to read what is copied */
  CHECK(chmod("from/plain", 0640) == 0 && chmod("from/empty", least) == 0);
  CHECK(chmod("from/folder/inner", 0777) == 0 && chmod("from/folder", 01777) == 0);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  EQUAL_TEXT(read_file("to/plain"), "plain text");
  EQUAL_TEXT(read_file("to/folder/inner"), "inner");
  EQUAL(status("to/plain").st_mode, S_IFREG | 0640);
  EQUAL(status("to/empty").st_mode, S_IFREG | least);
  EQUAL(status("to/folder").st_mode, S_IFDIR | 01777);
  EQUAL(status("to/folder/inner").st_mode, S_IFREG | 0777);
}

TEST(copy_tree_copies_owners_without_losing_set_id_bits) {
  NEEDS_ROOT;
  make_folders();
  write_file("from/program", "x");
  CHECK(chown("from/program", 1234, 5678) == 0 && chmod("from/program", 06755) == 0);
  CHECK(mkdir("from/group", 0755) == 0 && chown("from/group", 1, 2) == 0 && chmod("from/group", 02775) == 0);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  struct stat program = status("to/program"), group = status("to/group");
  EQUAL(program.st_uid, 1234);
  EQUAL(program.st_gid, 5678);
  EQUAL(program.st_mode, S_IFREG | 06755);
  EQUAL(group.st_uid, 1);
  EQUAL(group.st_mode, S_IFDIR | 02775);
}

TEST(copy_tree_gives_the_new_folder_the_old_ones_owner_and_mode) {
  NEEDS_ROOT;
  make_folders();
  CHECK(chown("from", 33, 44) == 0 && chmod("from", 01750) == 0);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  struct stat info = status("to");
  EQUAL(info.st_mode, S_IFDIR | 01750);
  EQUAL(info.st_uid, 33);
  EQUAL(info.st_gid, 44);
}

TEST(copy_tree_leaves_the_new_folder_what_is_kept) {
  NEEDS_ROOT;
  make_folders();
  CHECK(chown("from", 33, 44) == 0 && chmod("from", 01750) == 0);
  CHECK(chown("to", 5, 6) == 0 && chmod("to", 0711) == 0);
  EQUAL(copy_tree(from, to, (struct kept_attributes){.gid = true, .mode = true}), 0);
  struct stat info = status("to");
  EQUAL(info.st_mode, S_IFDIR | 0711);
  EQUAL(info.st_uid, 33);
  EQUAL(info.st_gid, 6);
}

TEST(copy_tree_copies_links_as_links) {
  NEEDS_ROOT;
  make_folders();
  write_file("secret", "secret");
  CHECK(chmod("secret", 0600) == 0);
  static char longest[PATH_MAX];
  memset(longest, 'l', sizeof longest - 1);
  CHECK(symlink("../secret", "from/link") == 0 && symlink("/none", "from/dangling") == 0);
  CHECK(symlink(longest, "from/longest") == 0 && symlink("..", "from/up") == 0);
  CHECK(lchown("from/link", 7, 8) == 0);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  char target[PATH_MAX + 1] = "";
  EQUAL(readlink("to/link", target, sizeof target), strlen("../secret"));
  EQUAL_TEXT(target, "../secret");
  EQUAL(readlink("to/longest", target, sizeof target), PATH_MAX - 1);
  EQUAL(readlink("to/dangling", target, sizeof target), strlen("/none"));
  EQUAL(readlink("to/up", target, sizeof target), 2);
  EQUAL(status("to/link").st_uid, 7);
  EQUAL(status("secret").st_uid, 0);
  EQUAL(status("secret").st_mode, S_IFREG | 0600);
}

TEST(copy_tree_copies_FIFOs_and_devices_without_opening_them) {
  NEEDS_ROOT;
  make_folders();
  CHECK(mkfifo("from/fifo", 0620) == 0);
  CHECK(mknod("from/socket", S_IFSOCK | 0700, 0) == 0);
  if (mknod("from/device", S_IFCHR | 0666, makedev(1, 3)) == 0) {
    EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
    EQUAL(status("to/device").st_rdev, makedev(1, 3));
  } else {
    EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  }
  EQUAL(status("to/fifo").st_mode, S_IFIFO | 0620);
  EQUAL(status("to/socket").st_mode, S_IFSOCK | 0700);
}

TEST(copy_tree_copies_files_larger_than_one_call_takes) {
  make_folders();
  static uint8_t block[1 << 16];
  int fd = open("from/large", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  for (uint32_t i = 0; i < 48; i++) {
    memset(block, (int)i + 1, sizeof block);
    EQUAL(write(fd, block, sizeof block), sizeof block);
  }
  close(fd);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  EQUAL(status("to/large").st_size, 48 << 16);
  fd = open("to/large", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < 48; i++) {
    EQUAL(read(fd, block, sizeof block), sizeof block);
    CHECK(block[0] == i + 1 && block[sizeof block - 1] == i + 1);
  }
}

TEST(copy_tree_takes_many_files_and_unusual_names) {
  make_folders();
  char path[300] = "from/";
  for (int i = 0; i < 500; i++) {
    snprintf(path + 5, sizeof path - 5, "name %d\n\xff-%%s", i);
    write_file(path, "x");
  }
  memset(path + 5, 'n', 255);
  path[260] = 0;
  write_file(path, "longest");
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  memcpy(path, "to/", 3);
  memset(path + 3, 'n', 255);
  path[258] = 0;
  EQUAL_TEXT(read_file(path), "longest");
  EQUAL_TEXT(read_file("to/name 499\n\xff-%s"), "x");
}

/* Nested folders below "from", `depth` of them. */
static void make_deep(int depth) {
  int fd = open("from", O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < depth; i++) {
    CHECK(mkdirat(fd, "d", 0755) == 0);
    int below = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
    close(fd);
    fd = below;
  }
  close(fd);
}

TEST(copy_tree_copies_64_levels) {
  make_folders();
  make_deep(64);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
}

TEST(copy_tree_refuses_more_than_64_levels) {
  make_folders();
  make_deep(65);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), -ELOOP);
}

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

TEST(copy_tree_leaves_no_descriptor_open) {
  make_folders();
  make_deep(66);
  write_file("from/file", "text");
  int before = open_descriptors();
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), -ELOOP);
  EQUAL(open_descriptors(), before);
}

TEST(copy_tree_refuses_names_that_exist_already) {
  make_folders();
  write_file("from/file", "new");
  write_file("to/file", "old");
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), -EEXIST);
  EQUAL_TEXT(read_file("to/file"), "old");
}

TEST(copy_tree_keeps_holes_and_what_lies_between_them) {
  make_folders();
  write_file("from/sparse", "at the start");
  int fd = open("from/sparse", O_WRONLY | O_CLOEXEC);
  CHECK(fd >= 0 && pwrite(fd, "in the middle", 13, 1ll << 35) == 13 && ftruncate(fd, 1ll << 36) == 0);
  close(fd);
  EQUAL(copy_tree(from, to, (struct kept_attributes){0}), 0);
  EQUAL(status("to/sparse").st_size, 1ll << 36);
  CHECK(status("to/sparse").st_blocks < 1 << 10);
  EQUAL_TEXT(read_file("to/sparse"), "at the start");
  char text[14] = "";
  fd = open("to/sparse", O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0 && pread(fd, text, 13, 1ll << 35) == 13);
  close(fd);
  EQUAL_TEXT(text, "in the middle");
}
