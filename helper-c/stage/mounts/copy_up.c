/* The names come from a hostile root: each is opened relative to its directory, and never through a link. */
#include "copy_up.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../../common/kernel.h"

enum { MAX_DEPTH = 64 };

static int copy_folder(int from, int to, int depth);

static int copy_link(int from, int to, const char *name) {
  char target[PATH_MAX];
  ssize_t n = readlinkat(from, name, target, sizeof target - 1);
  if (n < 0) return -errno;
  target[n] = 0;
  return as_result(symlinkat(target, to, name));
}

static int copy_range(int in, int out, off_t at, off_t end) {
  int result = as_result(lseek(out, at, SEEK_SET) < 0 ? -1 : 0);
  while (result == 0 && at < end) {
    ssize_t n = sendfile(out, in, &at, end - at < 1 << 20 ? (size_t)(end - at) : 1 << 20);
    if (n == 0) break; /* truncated meanwhile */
    if (n < 0) result = -errno;
  }
  return result;
}

/* Holes stay holes: a terabyte of them takes no space on the image's disk, but would take the host's memory here. */
static int copy_data(int in, int out, off_t size) {
  int result = as_result(ftruncate(out, size));
  for (off_t at = 0, end; result == 0 && at < size; at = end) {
    off_t data = lseek(in, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    end = data < 0 ? size : lseek(in, data, SEEK_HOLE); /* not every filesystem supports SEEK_HOLE */
    if (end <= at || end > size) end = size;
    result = copy_range(in, out, data < 0 ? at : data, end);
  }
  return result;
}

static int copy_file(int from, int to, const char *name, mode_t mode) {
  int in = as_result(openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (in < 0) return in;
  struct stat info;
  if (fstat(in, &info) < 0 || !S_ISREG(info.st_mode)) { /* replaced meanwhile, perhaps by an endless device */
    close(in);
    return -EBUSY;
  }
  int out = as_result(openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode & 07777));
  int result = out < 0 ? out : copy_data(in, out, info.st_size);
  close(in);
  if (out >= 0) close(out);
  return result;
}

static int copy_subfolder(int from, int to, const char *name, mode_t mode, int depth) {
  int result = as_result(mkdirat(to, name, mode & 07777));
  if (result < 0) return result;
  int in = as_result(openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  int out = as_result(openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  result = in < 0 ? in : out < 0 ? out : copy_folder(in, out, depth + 1);
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  return result;
}

/* A device that nodev on the image's mount disables must not work on the new one. In a user namespace mknod is not
 * permitted, and no device would work anyway. */
static int copy_device(int from, int to, const char *name, const struct stat *info) {
  struct statvfs fs;
  int result = as_result(fstatvfs(from, &fs));
  if (result < 0) return result;
  if (fs.f_flag & ST_NODEV) return 1;
  result = as_result(mknodat(to, name, info->st_mode, info->st_rdev));
  return result == -EPERM ? 1 : result;
}

/* FIFOs and sockets need no permission. Returns 1 if nothing was copied. */
static int copy_special(int from, int to, const char *name, const struct stat *info) {
  if (S_ISCHR(info->st_mode) || S_ISBLK(info->st_mode)) return copy_device(from, to, name, info);
  return as_result(mknodat(to, name, info->st_mode, 0));
}

static int copy_entry(int from, int to, const char *name, int depth) {
  struct stat info;
  int result = as_result(fstatat(from, name, &info, AT_SYMLINK_NOFOLLOW));
  if (result < 0) return result;
  if (S_ISDIR(info.st_mode)) result = copy_subfolder(from, to, name, info.st_mode, depth);
  else if (S_ISLNK(info.st_mode)) result = copy_link(from, to, name);
  else if (S_ISREG(info.st_mode)) result = copy_file(from, to, name, info.st_mode);
  else result = copy_special(from, to, name, &info);
  if (result != 0) return result < 0 ? result : 0;
  result = as_result(fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW));
  /* chown clears the set-id bits. */
  if (result == 0 && !S_ISLNK(info.st_mode)) result = as_result(fchmodat(to, name, info.st_mode & 07777, 0));
  return result;
}

static int copy_folder(int from, int to, int depth) {
  if (depth > MAX_DEPTH) return -ELOOP;
  int fd = as_result(openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0) return fd;
  DIR *folder = fdopendir(fd);
  if (!folder) {
    close(fd);
    return -ENOMEM;
  }
  int result = 0;
  for (struct dirent *entry; result == 0 && (entry = readdir(folder));) {
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) result = copy_entry(from, to, entry->d_name, depth);
  }
  closedir(folder);
  return result;
}

int copy_tree(int from, int to, struct kept_attributes kept) {
  enum { UNCHANGED = -1 };
  struct stat info;
  int result = as_result(fstat(from, &info));
  if (result == 0) result = copy_folder(from, to, 0);
  uid_t uid = kept.uid ? (uid_t)UNCHANGED : info.st_uid;
  gid_t gid = kept.gid ? (gid_t)UNCHANGED : info.st_gid;
  if (result == 0) result = as_result(fchownat(to, "", uid, gid, AT_EMPTY_PATH));
  /* fchmod fails on an O_PATH descriptor; fchmodat of "." does not. */
  if (result == 0 && !kept.mode) result = as_result(fchmodat(to, ".", info.st_mode & 07777, 0));
  return result;
}
