/* What a stage tells of the paths of an operation that failed. */
#include "../../stage/failure.h"
#include "../check.h"
#include "../stage_fixture.h"

struct told {
  struct message head;
  uint8_t bytes[4096];
  size_t size;
};

static struct told failure(void) {
  struct stages s = spawn_written(-1);
  struct told told = {0};
  struct datagram_origin origin;
  int size = kago_receive(s.sync, (uint8_t *)&told, sizeof told.head + sizeof told.bytes, &origin);
  CHECK(size >= (int)sizeof told.head);
  told.size = (size_t)size - sizeof told.head;
  EQUAL(told.head.type, MESSAGE_FAILED);
  return told;
}

static void expect_found(const struct told *told, enum found found, const char *text) {
  size_t length = strlen(text);
  EQUAL(told->size, 4 + length);
  EQUAL(told->bytes[0], 0);
  EQUAL(told->bytes[1], found);
  EQUAL(told->bytes[2] | told->bytes[3] << 8, length);
  CHECK(memcmp(told->bytes + 4, text, length) == 0);
}

/* A namespace at this path is joined, which fails. */
static struct told join(const char *path) {
  begin_plan(&w);
  begin_stage(&w, 0);
  begin_operation(&w, OP_setns);
  put_str(&w, path);
  put_u32(&w, 0);
  end_operation(&w);
  return failure();
}

TEST(the_first_part_that_is_missing_is_told) {
  struct told told = join("/tmp/no-such-folder/x/y");
  EQUAL(told.head.error, ENOENT);
  expect_found(&told, FOUND_MISSING, "/tmp/no-such-folder");
}

TEST(a_file_where_a_folder_must_be_is_told) {
  struct told told = join("/etc/passwd//x/y");
  EQUAL(told.head.error, ENOTDIR);
  expect_found(&told, FOUND_NO_FOLDER, "/etc/passwd");
}

TEST(a_dangling_link_is_told_from_what_is_missing) {
  char path[] = "/tmp/kago-failure-XXXXXX", link[64];
  CHECK(mkdtemp(path));
  snprintf(link, sizeof link, "%s/link", path);
  CHECK(symlink("nowhere", link) == 0);
  struct told told = join(link);
  unlink(link);
  rmdir(path);
  expect_found(&told, FOUND_DANGLING, link);
}

TEST(a_path_that_is_whole_is_told_with_what_it_is) {
  struct told told = join("/etc/passwd");
  EQUAL(told.head.error, EINVAL);
  expect_found(&told, FOUND_FILE, "/etc/passwd");
  told = join("/etc/");
  expect_found(&told, FOUND_FOLDER, "/etc/");
}

TEST(a_long_path_is_told_as_far_as_there_is_room) {
  char path[3000];
  memset(path, 'a', sizeof path);
  path[0] = '/';
  path[200] = '/';
  path[sizeof path - 1] = 0;
  struct told told = join(path);
  CHECK(told.size <= 4 + 1024);
}

TEST(nothing_is_looked_at_under_a_filter) {
  SKIP_UNLESS(geteuid() == 0, "needs root");
  static const struct filter_instruction allow = {0x06, 0, 0, 0x7fff0000};
  begin_plan(&w);
  begin_stage(&w, 0);
  begin_operation(&w, OP_seccomp);
  put_blob(&w, &allow, sizeof allow);
  put_u32(&w, 0);
  end_operation(&w);
  begin_operation(&w, OP_setns);
  put_str(&w, "/no/such");
  put_u32(&w, 0);
  end_operation(&w);
  struct told told = failure();
  EQUAL(told.head.value, 1);
  EQUAL(told.size, 0);
}
