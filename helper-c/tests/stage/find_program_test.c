/* op_find_program(): the rules of execvp(3), and the errors that engines tell users about. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../check.h"

#include "../../common/context.h"

static struct context c;

static void make_program(const char *path, mode_t mode) {
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && fchmod(fd, mode) == 0);
  close(fd);
}

static void make_folders(void) { CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0 && chmod(".", 0755) == 0); }

static int find(const char *file, const char *search) {
  struct field fields[2] = {{.text = file}, {.text = search}};
  return op_find_program(&c, fields);
}

TEST(the_first_executable_hit_wins) {
  make_folders();
  make_program("a/program", 0755);
  make_program("b/program", 0755);
  EQUAL(find("program", "none:a:b"), 0);
  EQUAL_TEXT(c.program, "a/program");
  EQUAL(find("program", "b:a"), 0);
  EQUAL_TEXT(c.program, "b/program");
}

TEST(what_is_not_executable_is_passed_over) {
  make_folders();
  make_program("a/program", 0644);
  make_program("b/program", 0755);
  EQUAL(find("program", "a:b"), 0);
  EQUAL_TEXT(c.program, "b/program");
}

TEST(permission_denied_is_remembered_over_not_found) {
  make_folders();
  make_program("a/program", 0644);
  EQUAL(find("program", "a:b:none"), -EACCES);
  EQUAL(find("other", "a:b:none"), -ENOENT);
}

TEST(a_folder_is_no_program) {
  make_folders();
  CHECK(mkdir("a/program", 0755) == 0);
  EQUAL(find("program", "a"), -EACCES);
  EQUAL(find("a/program", ""), -EACCES);
  EQUAL(find("./a", ""), -EACCES);
  EQUAL(find("..", "a"), -EACCES);
}

TEST(an_empty_part_of_the_path_means_the_working_directory) {
  make_folders();
  make_program("program", 0755);
  static const char *const searches[] = {"", ":a", "a:", "a::b"};
  for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
    EQUAL(find("program", searches[i]), 0);
    EQUAL_TEXT(c.program, "./program");
  }
}

TEST(a_name_with_a_slash_is_not_searched_for) {
  make_folders();
  make_program("a/program", 0755);
  EQUAL(find("a/program", "/none"), 0);
  EQUAL_TEXT(c.program, "a/program");
  EQUAL(find("/a/program", "."), -ENOENT);
  EQUAL(find("a/program/below", "."), -ENOTDIR);
}

TEST(an_empty_name_is_not_found) { EQUAL(find("", "/bin:/usr/bin"), -ENOENT); }

TEST(a_path_too_long_is_passed_over) {
  make_folders();
  make_program("a/program", 0755);
  static char search[10000];
  memset(search, 'n', 5000);
  strcpy(search + 5000, ":a");
  EQUAL(find("program", search), 0);
  EQUAL_TEXT(c.program, "a/program");
  search[5000] = 0;
  EQUAL(find("program", search), -ENOENT);
}

/* The rights that count are those of the process as it is now, which has lost its privileges already. */
TEST(the_effective_rights_decide) {
  SKIP_UNLESS(geteuid() == 0, "needs root to become another user");
  make_folders();
  make_program("a/program", 0700);
  EQUAL(find("program", "a"), 0);
  CHECK(chmod("b", 0700) == 0);
  make_program("b/other", 0755);
  CHECK(seteuid(1234) == 0);
  EQUAL(find("program", "a"), -EACCES);
  EQUAL(find("other", "b"), -EACCES);
}
