/* A hostile neighbour changes the root while paths are resolved (CVE-2021-30465, CVE-2024-45310): a call may fail, but
 * it never ends outside the root and never makes anything there. Here the two run at full speed; root_step_test.c goes
 * through the moments one by one. */
#include "../check.h"
#include "../root_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 20000, EXCHANGE = 2 /* RENAME_EXCHANGE */ };

static atomic_bool stop;
static atomic_long swaps;

struct names {
  const char *one, *other;
  unsigned flags;
};

static void *swap_forever(void *argument) {
  const struct names *names = argument;
  while (!atomic_load(&stop)) {
    syscall(SYS_renameat2, c.root_fd, names->one, c.root_fd, names->other, names->flags);
    syscall(SYS_renameat2, c.root_fd, names->other, c.root_fd, names->one, names->flags);
    atomic_fetch_add(&swaps, 1);
  }
  return NULL;
}

static int inside, refused;

/* A path may be resolved, or refused as a race would have it; it may not lie outside. */
static void expect_inside(int fd) {
  if (fd < 0) {
    refused++;
    /* EINVAL: the link became a folder before it was read. */
    if (fd != -ENOENT && fd != -ELOOP && fd != -ENOTDIR && fd != -EAGAIN && fd != -EXDEV) EQUAL(fd, -EINVAL);
    return;
  }
  CHECK(path_in_root(fd));
  close(fd);
  inside++;
}

/* Calls `attempt` with a number while `names` are swapped; the sentinel must stay empty. */
static void race(struct names names, void (*attempt)(int round)) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, swap_forever, &names) == 0);
  for (int round = 0; round < ROUNDS || atomic_load(&swaps) < ROUNDS; round++) attempt(round);
  atomic_store(&stop, true);
  pthread_join(thread, NULL);
  check_outside();
  CHECK(inside > 0);
  dprintf(2, "# %d inside, %d refused, %ld swaps\n", inside, refused, atomic_load(&swaps));
}

static void make_numbered_folder(int round) {
  char path[64];
  snprintf(path, sizeof path, "/swap/made-%d/deep", round % 500);
  expect_inside(root_open_or_make(&c, path, true, FOLLOW_LINKS));
}

static void make_numbered_file(int round) {
  char path[64];
  snprintf(path, sizeof path, "/swap/made-%d/file", round % 500);
  expect_inside(root_open_or_make(&c, path, false, FOLLOW_LINKS));
}

static void open_parent(int round) {
  char path[64];
  const char *name;
  snprintf(path, sizeof path, "/swap/dev-%d/null", round % 500);
  expect_inside(root_open_parent(&c, path, &name));
}

static void make_without_links(int round) {
  char path[64];
  snprintf(path, sizeof path, "/swap/made-%d", round % 500);
  expect_inside(root_open_or_make(&c, path, true, NO_LINKS));
}

static void make_swapped_roots(const char *target) {
  make_root();
  make_folder("swap");
  make_link(target, "evil");
}

TEST(a_folder_swapped_with_an_absolute_link_never_leads_outside) {
  char target[256];
  snprintf(target, sizeof target, "%s/outside", check_folder);
  make_swapped_roots(target);
  race((struct names){"swap", "evil", EXCHANGE}, make_numbered_folder);
}

TEST(a_folder_swapped_with_a_climbing_link_never_leads_outside) {
  make_swapped_roots("../../../outside");
  race((struct names){"swap", "evil", EXCHANGE}, make_numbered_file);
}

TEST(a_folder_swapped_with_a_link_to_a_descriptor_of_the_host_never_leads_outside) {
  make_swapped_roots("/proc/self/cwd/outside");
  race((struct names){"swap", "evil", EXCHANGE}, open_parent);
}

TEST(a_folder_swapped_with_a_link_is_refused_or_right_without_links) {
  make_swapped_roots("../outside");
  race((struct names){"swap", "evil", EXCHANGE}, make_without_links);
}

static void climb_by_a_link(int round) {
  (void)round;
  expect_inside(root_open_or_make(&c, "/link", true, FOLLOW_LINKS));
}

TEST(a_link_through_a_folder_that_comes_and_goes_never_leads_outside) {
  make_swapped_roots("x");
  make_link("swap/../..", "link");
  race((struct names){"swap", "away", 0}, climb_by_a_link);
}

static void climb_inside(int round) {
  (void)round;
  expect_inside(root_open_or_make(&c, "/deep/swap/../../deep/swap/../../..", true, FOLLOW_LINKS));
}

TEST(a_folder_moved_up_while_dot_dot_is_resolved_never_leads_outside) {
  make_root();
  make_folder("deep");
  make_folder("deep/swap");
  make_folder("deep/swap/inner");
  race((struct names){"deep/swap", "swap", 0}, climb_inside);
}
