/* The users of the image, and the program's LSM labels. The image is hostile: its files are read as text, up to a
 * limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../common/context.h"
#include "../common/kernel.h"
#include "../common/root_path.h"

/* As for `exec --user` (runtime/tenant/facts.ts): the largest files have some hundred KiB. */
enum { MAX_PASSWD = 4 << 20, PAGE = 4096 };

/* The sixth field of a passwd(5) line whose third is `uid`, or NULL. */
static const char *home_in_line(char *line, uint32_t uid) {
  char *fields[7], *rest = line, *end;
  for (int i = 0; i < 7; i++) {
    fields[i] = strsep(&rest, ":");
    if (!fields[i]) return NULL;
  }
  unsigned long number = strtoul(fields[2], &end, 10);
  return *fields[2] && !*end && number == uid && fields[5][0] == '/' ? fields[5] : NULL;
}

/* -ENOENT also for a FIFO, a device or a file that the kernel generates: reading could block forever, or have
 * effects. */
static int open_passwd(void) {
  static const char path[] = "/etc/passwd";
  struct stat info;
  if (stat(path, &info) < 0 || !S_ISREG(info.st_mode)) return -ENOENT;
  int fd = as_result(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd < 0) return fd;
  /* Another process may use the same root and have replaced the file meanwhile. */
  int result = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && !is_made_up(fd) ? 0 : -ENOENT;
  if (result == 0 && info.st_size > MAX_PASSWD) result = -EFBIG;
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* Counts what it reads, because a file can grow. */
static int read_bounded(int fd, char *text, size_t most) {
  size_t filled = 0;
  for (ssize_t n; filled < most; filled += (size_t)n) {
    n = read(fd, text + filled, most - filled);
    if (n < 0 && errno != EINTR) return -errno;
    if (n == 0) {
      text[filled] = 0;
      return 0;
    }
    if (n < 0) n = 0;
  }
  return -EFBIG;
}

static void find_home(struct context *c, char *text, uint32_t uid) {
  for (char *line; (line = strsep(&text, "\n"));) {
    const char *home = home_in_line(line, uid);
    if (!home) continue;
    snprintf(c->home, sizeof c->home, "HOME=%s", home);
    return;
  }
}

int op_find_home(struct context *c, const struct field *f) {
  snprintf(c->home, sizeof c->home, "HOME=/");
  int fd = open_passwd();
  if (fd < 0) return fd == -EFBIG ? fd : 0;
  const size_t room = MAX_PASSWD + PAGE;
  char *text = malloc(room);
  int result = text ? read_bounded(fd, text, room) : -ENOMEM;
  if (result == 0) find_home(c, text, (uint32_t)f[F_find_home_uid].number);
  free(text);
  close(fd);
  /* A file that cannot be read counts as absent. */
  return result == -EFBIG || result == -ENOMEM ? result : 0;
}

/* Writes a label to a file of this thread's /proc/…/attr. A file that only looks like the kernel's would confine
 * nothing (CVE-2019-16884). */
static int write_label(int proc, const char *file, const char *label) {
  char path[128];
  snprintf(path, sizeof path, "thread-self/attr/%s", file);
  int fd = sys_openat2(proc, path, O_WRONLY, 0, RESOLVE_BENEATH_ | RESOLVE_NO_MAGICLINKS_ | RESOLVE_NO_XDEV_);
  if (fd < 0) return fd;
  int result = write_whole(fd, label);
  close(fd);
  return result;
}

int op_exec_label(struct context *c, const struct field *f) {
  int proc = trusted_proc(c);
  return proc < 0 ? proc : write_label(proc, f[F_exec_label_file].text, f[F_exec_label_label].text);
}

struct thread_label {
  int proc;
  const char *file, *label;
};

static int label_thread(void *argument) {
  const struct thread_label *l = argument;
  return write_label(l->proc, l->file, l->label);
}

int op_thread_label(struct context *c, const struct field *f) {
  struct thread_label label = {trusted_proc(c), f[F_thread_label_file].text, f[F_thread_label_label].text};
  return label.proc < 0 ? label.proc : c->on_all_threads(c, label_thread, &label);
}

int op_file_label(struct context *c, const struct field *f) {
  int folder = root_open(c, f[F_file_label_path].text, O_DIRECTORY, false);
  int fd = folder < 0 ? folder : as_result(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int result = fd < 0 ? fd
                      : as_result(fsetxattr(fd, "security.selinux", f[F_file_label_label].text,
                                            strlen(f[F_file_label_label].text) + 1, 0));
  if (fd >= 0) close(fd);
  if (folder >= 0) close(folder);
  return result;
}
