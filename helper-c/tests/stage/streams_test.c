/* op_reopen_null(): the null device among the standard streams becomes the root's own. op_own_streams(): the others become the
 * user's. */
#include "../check.h"
#include "../root_fixture.h"

#include <sys/sysmacros.h>

#define NEEDS_ROOT SKIP_UNLESS(geteuid() == 0, "needs root for device nodes")

static void make_device(const char *path, unsigned major, unsigned minor) {
  CHECK(mknodat(c.root_fd, path, S_IFCHR | 0666, makedev(major, minor)) == 0);
}

/* Standard input the host's null device, the others a file. */
static void set_streams(void) {
  int null = open("/dev/null", O_RDWR), file = open("stream", O_RDWR | O_CREAT, 0600);
  CHECK(null >= 0 && file >= 0);
  CHECK(dup2(null, 0) == 0 && dup2(file, 1) == 1);
}

static ino_t inode_of(int fd) {
  struct stat info;
  CHECK(fstat(fd, &info) == 0);
  return info.st_ino;
}

static ino_t inode_at(const char *path) {
  struct stat info;
  CHECK(fstatat(c.root_fd, path, &info, 0) == 0);
  return info.st_ino;
}

TEST(a_null_device_of_the_host_becomes_the_root_s_and_a_file_stays) {
  NEEDS_ROOT;
  make_root();
  make_folder("dev");
  make_device("dev/null", 1, 3);
  set_streams();
  ino_t file = inode_of(1);
  int before = open_descriptors();
  EQUAL(op_reopen_null(&c, NULL), 0);
  CHECK(inode_of(0) == inode_at("dev/null"));
  CHECK(inode_of(1) == file);
  CHECK(!(fcntl(0, F_GETFD) & FD_CLOEXEC));
  EQUAL(fcntl(0, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
  EQUAL(open_descriptors(), before);
}

TEST(what_is_no_null_device_or_a_link_to_one_leaves_the_host_s) {
  NEEDS_ROOT;
  make_root();
  make_folder("dev");
  make_device("real", 1, 3);
  set_streams();
  ino_t host = inode_of(0);
  int before = open_descriptors();
  EQUAL(op_reopen_null(&c, NULL), 0); /* there is none */
  make_device("dev/null", 1, 5);
  EQUAL(op_reopen_null(&c, NULL), 0);
  CHECK(unlinkat(c.root_fd, "dev/null", 0) == 0);
  make_link("/real", "dev/null");
  EQUAL(op_reopen_null(&c, NULL), 0);
  CHECK(inode_of(0) == host);
  EQUAL(open_descriptors(), before);
}

static uid_t owner_of(int fd) {
  struct stat info;
  CHECK(fstat(fd, &info) == 0);
  return info.st_uid;
}

TEST(pipes_and_files_open_for_writing_become_the_user_s) {
  NEEDS_ROOT;
  make_root();
  int ends[2], file = open("stream", O_WRONLY | O_CREAT, 0600);
  CHECK(pipe(ends) == 0 && file >= 0);
  CHECK(dup2(ends[0], 0) == 0 && dup2(ends[1], 1) == 1 && dup2(file, 2) == 2);
  struct field uid = {.number = 4242};
  EQUAL(op_own_streams(&c, &uid), 0);
  for (int fd = 0; fd <= 2; fd++) EQUAL(owner_of(fd), 4242);
}

TEST(devices_folders_and_files_that_are_only_read_stay_whose_they_are) {
  NEEDS_ROOT;
  make_root();
  int made = open("input", O_WRONLY | O_CREAT, 0600), input = open("input", O_RDONLY), folder = open(".", O_RDONLY);
  int null = open("/dev/null", O_RDWR), errors = dup(2);
  CHECK(made >= 0 && input >= 0 && folder >= 0 && null >= 0);
  CHECK(dup2(input, 0) == 0 && dup2(null, 1) == 1 && dup2(folder, 2) == 2);
  struct field uid = {.number = 4242};
  int result = op_own_streams(&c, &uid);
  uid_t of_folder = owner_of(2);
  close(2);
  int closed = op_own_streams(&c, &uid); /* one that is closed is no fault */
  CHECK(dup2(errors, 2) == 2);
  EQUAL(result, 0);
  EQUAL(closed, 0);
  EQUAL(of_folder, 0);
  EQUAL(owner_of(0), 0);
  EQUAL(owner_of(1), 0);
}
