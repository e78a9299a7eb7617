/* A hostile neighbour replaces what copy_tree() is about to copy, between any two of its system calls. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "../check.h"
#include "../seccomp_step.h"

#include "../../stage/mounts/copy_up.h"

static int from = -1, to = -1, act_before;
static const char *replacement;

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

static void make_secret(void) {
  CHECK(mkdir("secret", 0700) == 0);
  write_file("secret/file", "secret");
  CHECK(mkdir("secret/folder", 0700) == 0);
  write_file("secret/folder/file", "secret");
  CHECK(mkdir("spare", 0700) == 0);
  CHECK(symlink("../secret/file", "spare/link-to-file") == 0);
  CHECK(symlink("../secret/folder", "spare/link-to-folder") == 0);
  CHECK(mkfifo("spare/fifo", 0600) == 0);
}

static void reset(void) {
  close(from);
  close(to);
  nftw("from", check_remove, 32, FTW_DEPTH | FTW_PHYS);
  nftw("to", check_remove, 32, FTW_DEPTH | FTW_PHYS);
  CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0755) == 0 && mkdir("from/folder", 0755) == 0);
  write_file("from/file", "public");
  write_file("from/folder/file", "public");
  from = open("from", O_PATH | O_DIRECTORY | O_CLOEXEC);
  to = open("to", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int copy(void) { return copy_tree(from, to, (struct kept_attributes){0}); }

/* Puts the replacement in place of both a file and a folder; the originals go where the next reset removes them. */
static void replace_at(int step) {
  char path[64];
  if (step != act_before) return;
  snprintf(path, sizeof path, "spare/%s", replacement);
  CHECK(rename("from/file", "from/.moved-file") == 0 && link(path, "from/file") == 0);
  CHECK(rename("from/folder", "from/.moved-folder") == 0 && link(path, "from/folder") == 0);
}

static int refuse_secrets(const char *path, const struct stat *info, int type, struct FTW *walk) {
  (void)type;
  (void)walk;
  if (!S_ISREG(info->st_mode)) return 0;
  char text[16] = "";
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  CHECK(fd >= 0 && read(fd, text, sizeof text - 1) >= 0);
  close(fd);
  if (strcmp(text, "public") && *text) dprintf(2, "# %s holds \"%s\" (step %d)\n", path, text, act_before);
  CHECK(!strcmp(text, "public") || !*text);
  CHECK(info->st_size <= 6);
  return 0;
}

static void play(const char *with) {
  int most = 1, completed = 0;
  replacement = with;
  for (act_before = 0; act_before <= most; act_before++) {
    reset();
    int steps = step_run(replace_at);
    if (steps > most) most = steps;
    completed += step_result == 0;
    nftw("to", refuse_secrets, 32, FTW_PHYS);
    struct stat secret;
    CHECK(stat("secret/file", &secret) == 0 && secret.st_size == 6);
    EQUAL(secret.st_mode, S_IFREG | 0600);
    CHECK(stat("secret/folder", &secret) == 0 && secret.st_mode == (S_IFDIR | 0700));
  }
  CHECK(completed > 0 && most > 10);
}

TEST(copy_tree_never_reads_through_a_file_that_became_a_link) {
  make_secret();
  step_start(copy);
  play("link-to-file");
}

TEST(copy_tree_never_enters_a_folder_that_became_a_link) {
  make_secret();
  step_start(copy);
  play("link-to-folder");
}

TEST(copy_tree_does_not_wait_for_a_file_that_became_a_FIFO) {
  make_secret();
  step_start(copy);
  play("fifo");
}

/* A file that grows while it is copied, or a device without an end, must not fill the memory behind the new folder. */
TEST(copy_tree_does_not_read_a_file_that_became_a_device) {
  make_secret();
  SKIP_UNLESS(mknod("spare/zero", S_IFCHR | 0666, makedev(1, 5)) == 0, "needs CAP_MKNOD");
  step_start(copy);
  struct rlimit limit = {1 << 20, 1 << 20};
  signal(SIGXFSZ, SIG_IGN);
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  play("zero");
}
