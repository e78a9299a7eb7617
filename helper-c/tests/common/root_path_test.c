/* Paths below a hostile root that stands still: whatever its links say, everything ends inside it. */
#include "../check.h"
#include "../root_fixture.h"

#include <sched.h>
#include <sys/mount.h>

static int make_path(const char *path) { return root_open_or_make(&c, path, true, FOLLOW_LINKS); }

static int make_file_path(const char *path) { return root_open_or_make(&c, path, false, FOLLOW_LINKS); }

TEST(root_open_finds_what_is_there) {
  make_root();
  make_folder("a");
  make_file("a/file");
  EQUAL_PLACE(root_open(&c, "/a/file", 0, false), "/a/file");
  EQUAL_PLACE(root_open(&c, "a", O_DIRECTORY, false), "/a");
  EQUAL(root_open(&c, "/a/file", O_DIRECTORY, false), -ENOTDIR);
  EQUAL(root_open(&c, "/a/none", 0, false), -ENOENT);
  EQUAL(root_open(&c, "", 0, false), -ENOENT);
}

TEST(root_open_clamps_dot_dot_and_absolute_links_to_the_root) {
  make_root();
  make_folder("a");
  make_link("/", "absolute");
  make_link("../../../../../..", "a/up");
  EQUAL_PLACE(root_open(&c, "../../..", 0, false), "");
  EQUAL_PLACE(root_open(&c, "/absolute", 0, false), "");
  EQUAL_PLACE(root_open(&c, "/absolute/a", 0, false), "/a");
  EQUAL_PLACE(root_open(&c, "/a/up/a", 0, false), "/a");
}

TEST(root_open_gives_close_on_exec_descriptors) {
  make_root();
  make_folder("a");
  EQUAL(fcntl(root_open(&c, "a", 0, false), F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(make_path("b/c"), F_GETFD), FD_CLOEXEC);
  EQUAL(fcntl(make_file_path("b/file"), F_GETFD), FD_CLOEXEC);
}

TEST(root_open_never_follows_magic_links) {
  make_root();
  make_folder("proc");
  SKIP_UNLESS(unshare(CLONE_NEWNS) == 0, "needs CAP_SYS_ADMIN for a mount namespace");
  CHECK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
  CHECK(mount("proc", "root/proc", "proc", 0, NULL) == 0);
  c.root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC); /* the root as this namespace has it */
  EQUAL(root_open(&c, "/proc/self/root", 0, false), -ELOOP);
  EQUAL(root_open(&c, "/proc/self/cwd/outside", 0, false), -ELOOP);
  EQUAL(make_path("/proc/self/cwd/outside/made"), -ELOOP);
  check_outside();
}

TEST(root_open_or_make_makes_folders_and_an_empty_file) {
  make_root();
  EQUAL_PLACE(make_path("/a/b/c"), "/a/b/c");
  CHECK(is_folder("a/b/c"));
  EQUAL_PLACE(make_file_path("/a/x/file"), "/a/x/file");
  CHECK(is_file("a/x/file"));
  EQUAL_PLACE(make_path("/a/b/c"), "/a/b/c");
}

TEST(root_open_or_make_takes_untidy_paths) {
  make_root();
  EQUAL_PLACE(make_path("//a//b/"), "/a/b");
  EQUAL_PLACE(make_path("./a/./c/."), "/a/c");
  EQUAL_PLACE(make_path("/a/../d"), "/d");
  EQUAL_PLACE(make_path("/new/../e/../f"), "/f");
  EQUAL_PLACE(make_path("/../../g"), "/g");
  EQUAL_PLACE(make_file_path("//h//file"), "/h/file");
  check_outside();
}

TEST(root_open_or_make_gives_the_root_for_paths_without_a_name) {
  make_root();
  EQUAL_PLACE(make_path("/"), "");
  EQUAL_PLACE(make_path("."), "");
  EQUAL_PLACE(make_path("///"), "");
  EQUAL_PLACE(make_path("/.."), "");
  EQUAL_PLACE(make_path(""), "");
}

TEST(root_open_or_make_refuses_to_go_through_a_file) {
  make_root();
  make_file("file");
  EQUAL(make_path("/file/a"), -ENOTDIR);
  EQUAL(make_path("/file"), -ENOTDIR);
  EQUAL(make_file_path("/file/a"), -ENOTDIR);
}

TEST(root_open_or_make_makes_the_target_of_a_dangling_relative_link) {
  make_root();
  make_folder("a");
  make_link("target", "a/link");
  EQUAL_PLACE(make_path("/a/link/below"), "/a/target/below");
  make_link("../other", "a/up");
  EQUAL_PLACE(make_file_path("/a/up/file"), "/other/file");
}

TEST(root_open_or_make_makes_the_target_of_a_dangling_absolute_link_inside) {
  make_root();
  char target[256], place[300];
  snprintf(target, sizeof target, "%s/outside/made", check_folder);
  make_link(target, "link");
  EQUAL_PLACE(make_path("/link"), target);
  make_link(target, "file-link");
  snprintf(place, sizeof place, "%s/file", target);
  EQUAL_PLACE(make_file_path("/file-link/file"), place);
  check_outside();
}

TEST(root_open_or_make_makes_the_target_of_a_dangling_link_that_climbs_inside) {
  make_root();
  make_folder("a");
  make_link("../../../../outside/made", "a/link");
  EQUAL_PLACE(make_path("/a/link"), "/outside/made");
  make_link("../../outside/file", "a/file");
  EQUAL_PLACE(make_file_path("/a/file"), "/outside/file");
  check_outside();
}

TEST(root_open_or_make_follows_a_chain_of_dangling_links) {
  make_root();
  make_link("two", "one");
  make_link("/three", "two");
  make_link("deep/../four", "three");
  EQUAL_PLACE(make_path("/one/end"), "/four/end");
  CHECK(is_folder("deep"));
}

TEST(root_open_or_make_resolves_a_relative_link_from_where_it_lies) {
  make_root();
  make_folder("real");
  make_folder("real/inner");
  make_link("real/inner", "alias");
  make_link("../made", "real/inner/link");
  EQUAL_PLACE(make_path("/alias/link"), "/real/made");
}

TEST(root_open_or_make_gives_up_on_loops) {
  make_root();
  make_link("loop", "loop");
  make_link("pong", "ping");
  make_link("ping", "pong");
  EQUAL(make_path("/loop"), -ELOOP);
  EQUAL(make_path("/ping/a"), -ELOOP);
  EQUAL(make_file_path("/loop/a"), -ELOOP);
}

TEST(root_open_or_make_gives_up_on_links_that_grow) {
  make_root();
  make_link("missing/../grow/x", "grow");
  int before = open_descriptors(), fd = make_path("/grow");
  CHECK(fd == -ELOOP || fd == -ENAMETOOLONG || fd == -ENOENT);
  EQUAL(open_descriptors(), before);
  check_outside();
}

TEST(root_open_or_make_takes_names_of_255_bytes_and_no_longer) {
  make_root();
  char name[258] = "/";
  memset(name + 1, 'n', 256);
  name[256] = 0;
  EQUAL_PLACE(make_path(name), name);
  name[256] = 'n';
  EQUAL(make_path(name), -ENAMETOOLONG);
  EQUAL(make_file_path(name), -ENAMETOOLONG);
}

TEST(root_open_or_make_refuses_paths_and_links_of_PATH_MAX) {
  make_root();
  static char path[PATH_MAX + 1];
  for (size_t i = 0; i < PATH_MAX; i += 2) memcpy(path + i, "/a", 2);
  EQUAL(make_path(path), -ENAMETOOLONG);
  path[PATH_MAX - 1] = 0; /* one byte shorter: each part can be made, but a link cannot be put before it */
  make_link("somewhere/longer", "a");
  EQUAL(make_path(path), -ENAMETOOLONG);
}

TEST(no_links_refuses_links_that_lead_somewhere) {
  make_root();
  make_folder("real");
  make_link("real", "link");
  EQUAL(root_open_or_make(&c, "/link", true, NO_LINKS), -ELOOP);
  EQUAL(root_open_or_make(&c, "/link/below", true, NO_LINKS), -ELOOP);
  EQUAL(root_open_or_make(&c, "/link/file", false, NO_LINKS), -ELOOP);
  CHECK(!is_folder("real/below") && !is_file("real/file"));
}

TEST(no_links_refuses_dangling_links) {
  make_root();
  make_link("none", "link");
  EQUAL(root_open_or_make(&c, "/link", true, NO_LINKS), -ELOOP);
  EQUAL(root_open_or_make(&c, "/link/below", true, NO_LINKS), -ELOOP);
  CHECK(!is_folder("none"));
}

TEST(no_links_makes_what_needs_no_link) {
  make_root();
  EQUAL_PLACE(root_open_or_make(&c, "/dev/console", false, NO_LINKS), "/dev/console");
  EQUAL_PLACE(root_open_or_make(&c, "/proc", true, NO_LINKS), "/proc");
}

TEST(root_open_parent_gives_the_folder_and_the_name) {
  make_root();
  const char *name;
  EQUAL_PLACE(root_open_parent(&c, "/dev/net/tun", &name), "/dev/net");
  EQUAL_TEXT(name, "tun");
  EQUAL_PLACE(root_open_parent(&c, "/null", &name), "");
  EQUAL_TEXT(name, "null");
  EQUAL_PLACE(root_open_parent(&c, "plain", &name), "");
  EQUAL_TEXT(name, "plain");
}

TEST(root_open_parent_refuses_paths_without_a_name) {
  make_root();
  const char *name;
  static const char *const paths[] = {"", "/", "a/", "/..", "a/..", ".", "/a/."};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) EQUAL(root_open_parent(&c, paths[i], &name), -EINVAL);
}

TEST(root_open_parent_follows_links_inside_the_root) {
  make_root();
  make_link("../../outside", "dev");
  const char *name;
  EQUAL_PLACE(root_open_parent(&c, "/dev/null", &name), "/outside");
  check_outside();
}

TEST(failures_leave_no_descriptor_open) {
  make_root();
  make_link("loop", "loop");
  make_file("file");
  const char *name;
  int before = open_descriptors();
  for (int i = 0; i < 10; i++) {
    EQUAL(make_path("/a/b/../../loop"), -ELOOP);
    EQUAL(make_path("/file/a/b"), -ENOTDIR);
    EQUAL(root_open_or_make(&c, "/new/deep/../../loop/x", false, NO_LINKS), -ELOOP);
    EQUAL(root_open_parent(&c, "/loop/x/y", &name), -ELOOP);
  }
  EQUAL(open_descriptors(), before);
}
