#include "mount_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../common/kernel.h"

enum { STEP = 64 << 10, MOST = 64 << 20 };

static int read_all(const char *path, char **text) {
  int fd = as_result(open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return fd;
  size_t used = 0, size = 0;
  *text = NULL;
  for (ssize_t n = 1; n > 0; used += (size_t)n) {
    if (size - used < STEP) {
      char *more = size > MOST ? NULL : realloc(*text, size += 2 * STEP);
      if (!more) n = -ENOMEM;
      else *text = more;
    }
    if (n > 0) n = as_result(read(fd, *text + used, size - used - 1));
    if (n < 0) {
      free(*text);
      close(fd);
      return (int)n;
    }
  }
  (*text)[used] = 0;
  return close(fd);
}

/* The next word of the line, NUL-terminated; NULL at the line's end. */
static char *next_word(char **at) {
  char *word = *at;
  if (!*word) return NULL;
  char *end = strchrnul(word, ' ');
  *at = *end ? end + 1 : end;
  *end = 0;
  return word;
}

/* proc_pid_mountinfo(5): blanks and backslashes are escaped as three octal digits. */
static void unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; to++) {
    if (*from != '\\' || !from[1] || !from[2] || !from[3]) {
      *to = *from++;
      continue;
    }
    *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
    from += 4;
  }
  *to = 0;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw */
static bool parse(char *line, struct mount_entry *mount) {
  char *words[6];
  for (size_t i = 0; i < 6; i++) {
    if (!(words[i] = next_word(&line))) return false;
  }
  for (const char *word = ""; strcmp(word, "-");) {
    if (!(word = next_word(&line))) return false;
  }
  unescape(words[4]);
  *mount = (struct mount_entry){atoi(words[0]), atoi(words[1]), words[4], next_word(&line)};
  return mount->type != NULL;
}

int mount_table_read(struct mount_table *table) {
  *table = (struct mount_table){0};
  int result = read_all("/proc/self/mountinfo", &table->text);
  size_t lines = 0;
  for (const char *at = result < 0 ? "" : table->text; (at = strchr(at, '\n')); at++) lines++;
  if (result == 0) table->mounts = calloc(lines + 1, sizeof *table->mounts);
  if (result == 0 && !table->mounts) result = -ENOMEM;
  for (char *line = table->text, *end; result == 0 && (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    if (!parse(line, &table->mounts[table->count++])) result = -EIO;
  }
  if (result < 0) mount_table_free(table);
  return result;
}

void mount_table_free(struct mount_table *table) {
  free(table->mounts);
  free(table->text);
  *table = (struct mount_table){0};
}

static const struct mount_entry *find(const struct mount_table *table, int number) {
  for (size_t i = 0; i < table->count; i++) {
    if (table->mounts[i].number == number) return &table->mounts[i];
  }
  return NULL;
}

bool mount_is_below(const struct mount_table *table, const struct mount_entry *mount, int number) {
  /* At most as many steps as mounts: the table may be inconsistent between two reads of it. */
  for (size_t left = table->count; mount && left > 0; left--) {
    if (mount->parent == number) return true;
    mount = find(table, mount->parent);
  }
  return false;
}

int mount_number(int fd) {
  /* statx(2): libc's structure may be older than this field. */
  enum { MNT_ID = 0x1000, AT = 144 };
  uint8_t info[256] = {0};
  uint64_t number;
  int result = (int)raw_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH, MNT_ID, (long)info, 0);
  memcpy(&number, info + AT, sizeof number);
  return result < 0 ? result : (int)number;
}
