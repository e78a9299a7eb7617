/* What the image says of its users, and what LSMs are told of the program. The image is hostile: its files are read
 * with bounds and as text only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "kernel.h"
#include "root_path.h"

enum { MAX_LINE = 8192 };

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

int op_find_home(struct context *c, const struct field *f) {
  static char line[MAX_LINE];
  snprintf(c->home, sizeof c->home, "HOME=/");
  /* Not a FIFO or a device, on which we would wait for ever. */
  int fd = as_result(open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (fd < 0) return 0;
  FILE *passwd = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? fdopen(fd, "r") : NULL;
  if (!passwd) {
    close(fd);
    return 0;
  }
  while (fgets(line, sizeof line, passwd)) {
    line[strcspn(line, "\n")] = 0;
    const char *home = home_in_line(line, (uint32_t)f[0].number);
    if (!home) continue;
    snprintf(c->home, sizeof c->home, "HOME=%s", home);
    break;
  }
  fclose(passwd);
  return 0;
}

int op_exec_label(struct context *c, const struct field *f) {
  int proc = trusted_proc(c);
  if (proc < 0) return proc;
  char path[128];
  snprintf(path, sizeof path, "self/attr/%s", f[0].text);
  /* A label written to a file that only looks like the kernel's confines nothing (CVE-2019-16884). */
  int fd = sys_openat2(proc, path, O_WRONLY, 0, RESOLVE_BENEATH_ | RESOLVE_NO_MAGICLINKS_ | RESOLVE_NO_XDEV_);
  if (fd < 0) return fd;
  int result = write_whole(fd, f[1].text);
  close(fd);
  return result;
}
