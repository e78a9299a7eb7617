/* In the guest: prints a line for each event of inotify(7) in a directory, `EVENT NAME SIZE` with the size of that file by
 * then, -1 for none; the events are those that node's fs.watch asks for, and IN_CLOSE_WRITE.
 *
 *   watch_tool DIRECTORY
 */
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
  uint32_t mask;
  const char *name;
} NAMES[] = {{IN_MODIFY, "modify"},         {IN_ATTRIB, "attrib"}, {IN_CLOSE_WRITE, "close_write"},
             {IN_CREATE, "create"},         {IN_DELETE, "delete"}, {IN_MOVED_FROM, "moved_from"},
             {IN_MOVED_TO, "moved_to"}};

static void print(const char *folder, const struct inotify_event *event) {
  char path[PATH_MAX];
  struct stat info;
  const char *name = event->len ? event->name : ".";
  snprintf(path, sizeof path, "%s/%s", folder, name);
  long size = stat(path, &info) == 0 ? (long)info.st_size : -1;
  if (!event->len) size = 0;
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    if (event->mask & NAMES[i].mask) printf("%s %s %ld\n", NAMES[i].name, name, size);
  }
}

int main(int argc, char **argv) {
  _Alignas(struct inotify_event) static char bytes[4096];
  uint32_t mask = 0;
  int fd = inotify_init1(IN_CLOEXEC);
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) mask |= NAMES[i].mask;
  if (argc != 2 || fd < 0 || inotify_add_watch(fd, argv[1], mask) < 0) return perror("watch_tool"), 1;
  printf("watching\n");
  fflush(stdout);
  for (ssize_t size; (size = read(fd, bytes, sizeof bytes)) > 0;) {
    for (char *at = bytes; at < bytes + size;) {
      const struct inotify_event *event = (const void *)at;
      print(argv[1], event);
      at += sizeof *event + event->len;
    }
    fflush(stdout);
  }
  return 0;
}
