/* The place without files in which a session lives, for root and for an ordinary user. */
#include "../check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../../session/empty_root.h"

static int entries_of(const char *path) {
  int count = 0;
  DIR *folder = opendir(path);
  CHECK(folder != NULL);
  for (struct dirent *entry; (entry = readdir(folder));)
    count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
  closedir(folder);
  return count;
}

static void expect_nothing(void) {
  char path[PATH_MAX];
  EQUAL(enter_empty_root(), 0);
  EQUAL_TEXT(getcwd(path, sizeof path), "/");
  const char *const places[] = {"/", ".", "..", "../../.."};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) EQUAL(entries_of(places[i]), 0);
  CHECK(mkdir("x", 0700) < 0 && (errno == EROFS || errno == EACCES));
  CHECK(open("/proc/self/status", O_RDONLY) < 0 && errno == ENOENT);
  EQUAL(open("/x", O_WRONLY | O_CREAT, 0600), -1);
}

TEST(root_has_no_files_any_more_and_can_make_none) {
  SKIP_UNLESS(geteuid() == 0, "needs root to have its rights");
  expect_nothing();
}

TEST(an_ordinary_user_has_none_either) {
  SKIP_UNLESS(geteuid() == 0, "needs root to become an ordinary user");
  CHECK(syscall(SYS_setresuid, 12345, 12345, 12345) == 0);
  expect_nothing();
}

TEST(open_descriptors_stay) {
  SKIP_UNLESS(geteuid() == 0, "needs root to have its rights");
  int ends[2];
  char byte;
  CHECK(pipe(ends) == 0);
  EQUAL(enter_empty_root(), 0);
  EQUAL(write(ends[1], "x", 1), 1);
  EQUAL(read(ends[0], &byte, 1), 1);
}
