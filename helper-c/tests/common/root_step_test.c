/* A hostile neighbour changes the root between any two system calls of a resolution, and changes it back between any
 * two others: whatever the pair, the call fails or ends inside the root. */
#include "../check.h"
#include "../root_fixture.h"
#include "../seccomp_step.h"

enum { MAX_STEPS = 200 };

/* What the neighbour does with `swap`: the same act brings it back. */
static void move_away(void) {
  if (renameat(c.root_fd, "swap", c.root_fd, "away") < 0) renameat(c.root_fd, "away", c.root_fd, "swap");
}

static void exchange(void) { syscall(SYS_renameat2, c.root_fd, "swap", c.root_fd, "evil", 2 /* RENAME_EXCHANGE */); }

/* The folder a walk has just made becomes a link, or the other way round. */
static void exchange_inner(void) { syscall(SYS_renameat2, c.root_fd, "swap/new", c.root_fd, "evil", 2); }

static void replace_by_link(void) {
  if (unlinkat(c.root_fd, "swap/new", AT_REMOVEDIR) < 0) unlinkat(c.root_fd, "swap/new", 0);
  if (symlinkat("../../outside", c.root_fd, "swap/new") < 0) return;
}

static struct {
  const char *path;
  int (*call)(void);
  void (*act)(void);
  bool starts_away;
  int first, second; /* the steps before which the neighbour acts */
} scene;

static int call_folder(void) { return root_open_or_make(&c, scene.path, true, FOLLOW_LINKS); }
static int call_file(void) { return root_open_or_make(&c, scene.path, false, FOLLOW_LINKS); }
static int call_no_links(void) { return root_open_or_make(&c, scene.path, true, NO_LINKS); }
static int call_parent(void) {
  const char *name;
  return root_open_parent(&c, scene.path, &name);
}
static int call_scene(void) { return scene.call(); }

static void act_at(int step) {
  if (step == scene.first || step == scene.second) scene.act();
}

static void reset_root(void) {
  char target[256];
  snprintf(target, sizeof target, "%s/outside", check_folder);
  close(c.root_fd);
  CHECK(nftw("root", check_remove, 32, FTW_DEPTH | FTW_PHYS) == 0);
  CHECK(mkdir("root", 0755) == 0);
  c.root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (!scene.starts_away) make_folder("swap");
  make_link(target, "evil");
  make_link("swap/../..", "link");
}

static void expect_inside(void) {
  struct stat info;
  check_outside();
  if (step_result < 0) return;
  if (!path_in_root(step_result)) dprintf(2, "# %s: acting at %d and %d\n", scene.path, scene.first, scene.second);
  CHECK(path_in_root(step_result));
  /* Something mounted on a link's own descriptor would not be where its path leads. */
  CHECK(fstat(step_result, &info) == 0);
  if (S_ISLNK(info.st_mode)) dprintf(2, "# %s: acting at %d and %d\n", scene.path, scene.first, scene.second);
  CHECK(!S_ISLNK(info.st_mode));
  close(step_result);
}

/* All pairs of steps for one path; the resolution may grow longer by the neighbour's acts. */
static void play(const char *path, int (*call)(void), void (*act)(void), bool starts_away) {
  int most = 1;
  scene.path = path;
  scene.call = call;
  scene.act = act;
  scene.starts_away = starts_away;
  for (scene.first = 0; scene.first < most; scene.first++) {
    for (scene.second = scene.first + 1; scene.second <= most; scene.second++) {
      reset_root();
      int steps = step_run(act_at);
      CHECK(steps < MAX_STEPS);
      expect_inside();
      if (steps > most) most = steps;
    }
  }
}

static void begin(void) {
  make_root();
  step_start(call_scene);
}

TEST(a_folder_gone_at_one_look_and_back_at_the_next_leads_nowhere_outside) {
  begin();
  for (int away = 0; away < 2; away++) {
    play("/swap/../..", call_folder, move_away, away);
    play("/swap/../../made", call_folder, move_away, away);
    play("/swap/../../file", call_file, move_away, away);
    play("/swap/../../..", call_no_links, move_away, away);
  }
}

TEST(a_folder_gone_at_one_look_and_back_at_the_next_gives_no_parent_outside) {
  begin();
  for (int away = 0; away < 2; away++) {
    play("/swap/../../node", call_parent, move_away, away);
    play("/swap/../../../sub/node", call_parent, move_away, away);
  }
}

TEST(a_link_through_a_folder_that_comes_and_goes_leads_nowhere_outside) {
  begin();
  for (int away = 0; away < 2; away++) {
    play("/link", call_folder, move_away, away);
    play("/link/x/y", call_file, move_away, away);
    play("/link/node", call_parent, move_away, away);
  }
}

TEST(a_folder_exchanged_for_a_link_at_any_moment_leads_nowhere_outside) {
  begin();
  play("/swap/new/deep", call_folder, exchange, false);
  play("/swap/new/file", call_file, exchange, false);
  play("/swap/new", call_no_links, exchange, false);
  play("/swap/new/node", call_parent, exchange, false);
}

TEST(a_new_folder_exchanged_for_a_link_at_any_moment_leads_nowhere_outside) {
  begin();
  play("/swap/new/deep", call_folder, exchange_inner, false);
  play("/swap/new/file", call_file, exchange_inner, false);
  play("/swap/new", call_no_links, exchange_inner, false);
}

TEST(a_link_put_where_a_name_is_about_to_be_made_is_not_taken_for_it) {
  begin();
  play("/swap/new", call_folder, replace_by_link, false);
  play("/swap/new", call_file, replace_by_link, false);
  play("/swap/new/deep", call_folder, replace_by_link, false);
}
