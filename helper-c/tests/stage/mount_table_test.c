/* The mounts as the kernel tells them. Needs root. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../common/kernel.h"
#include "../../stage/mounts/mount_table.h"
#include "../check.h"

static const struct mount_entry *at_path(const struct mount_table *table, const char *end) {
  for (size_t i = 0; i < table->count; i++) {
    size_t length = strlen(table->mounts[i].path), size = strlen(end);
    if (length >= size && !strcmp(table->mounts[i].path + length - size, end)) return &table->mounts[i];
  }
  return NULL;
}

TEST(mounts_are_told_with_their_places_whatever_those_are_called) {
  if (geteuid() != 0) _exit(CHECK_SKIPPED);
  CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  const char *const odd = "a b\tc\nd\\e#\303\251";
  CHECK(mkdir(odd, 0700) == 0 && mount("none", odd, "tmpfs", 0, NULL) == 0);
  CHECK(chdir(odd) == 0 && mkdir("inner", 0700) == 0 && mkdir("beside", 0700) == 0);
  CHECK(mount("proc", "inner", "proc", 0, NULL) == 0);
  struct mount_table table;
  EQUAL(mount_table_read(&table), 0);
  const struct mount_entry *outer = at_path(&table, odd), *inner = at_path(&table, "e#\303\251/inner");
  CHECK(outer && inner && !at_path(&table, "beside"));
  EQUAL_TEXT(outer->type, "tmpfs");
  EQUAL_TEXT(inner->type, "proc");
  EQUAL(inner->number, mount_number(open("inner", O_PATH)));
  EQUAL(outer->number, mount_number(open("beside", O_PATH)));
  CHECK(mount_is_below(&table, inner, outer->number) && mount_is_below(&table, inner, outer->parent));
  CHECK(!mount_is_below(&table, outer, outer->number) && !mount_is_below(&table, outer, inner->number));
  mount_table_free(&table);
  EQUAL(mount_number(-1), -EBADF);
}
