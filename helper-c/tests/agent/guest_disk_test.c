/* op_guest_disk(): the node of a disk of the guest's in the container's root. */
#include "../check.h"
#include "../root_fixture.h"

#include <sys/sysmacros.h>

/* The path of `name` in the test's folder, on this kernel and, as the operation makes it, below the root. */
static const char *path_of(const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", check_folder, name);
  return path;
}

static int make_disk(const char *path) { return op_guest_disk(&c, (const struct field[]){{.text = path}}); }

TEST(a_disk_gets_the_numbers_of_the_kernel_for_root_alone) {
  make_root();
  const char *path = path_of("disk");
  SKIP_UNLESS(geteuid() == 0 && mknod(path, S_IFBLK | 0660, makedev(253, 17)) == 0, "needs CAP_MKNOD");
  EQUAL(make_disk(path), 0);
  struct stat info;
  CHECK(fstatat(c.root_fd, path + 1, &info, AT_SYMLINK_NOFOLLOW) == 0);
  EQUAL(info.st_mode, S_IFBLK | 0600);
  EQUAL(info.st_rdev, makedev(253, 17));
  EQUAL(info.st_uid, 0);
  EQUAL(info.st_gid, 0);
}

TEST(a_disk_that_the_kernel_does_not_have_is_an_error) {
  make_root();
  EQUAL(make_disk(path_of("disk")), -ENOENT);
}

TEST(another_file_is_no_disk) {
  make_root();
  const char *path = path_of("file");
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  close(fd);
  EQUAL(make_disk(path), -ENOTBLK);
  EQUAL(faccessat(c.root_fd, path + 1, F_OK, 0), -1);
}
