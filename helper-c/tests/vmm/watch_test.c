/* Changes on the host, from the watched directories to the events of an inotify(7) that stands for the guest's: the VMM's end in
 * this process, the agent's and whoever changes files in others. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../agent/touch.h"
#include "../../common/clock.h"
#include "../../common/kernel.h"
#include "../../session/agent_client.h"
#include "../../vmm/host_watch.h"
#include "../../vmm/vmm.h"
#include "../check.h"

static char heard[4096];

static void hear(uint32_t root, const char *path, bool whole) {
  size_t size = strlen(heard);
  snprintf(heard + size, sizeof heard - size, "%u:%s%s ", root, path, whole ? "" : "?");
}

static int failed_with;
static void hear_failure(uint32_t root, int error) { failed_with = root == 0 ? error : 0; }

/* As another process: its exit code is no matter. */
static void elsewhere(const char *line) {
  pid_t pid = fork();
  if (pid == 0) execl("/bin/sh", "sh", "-c", line, NULL);
  CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

/* What is told of what a shell does. */
static const char *told(const char *line) {
  struct pollfd fd = {.fd = watch_descriptor(), .events = POLLIN};
  *heard = 0;
  elsewhere(line);
  while (poll(&fd, 1, 100) > 0) watch_read(hear, hear_failure);
  return heard;
}

static const char *here(const char *name) {
  static char paths[4][PATH_MAX];
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, PATH_MAX, "%s/%s", check_folder, name);
  return path;
}

static void set_up(void) {
  int result = watch_open();
  SKIP_UNLESS(result != -ENOSYS, "needs fanotify");
  EQUAL(result, 0);
  elsewhere("mkdir -p src/sub/deep out; echo 1 > src/a");
  EQUAL(watch_add(here("src")), 0);
}

TEST(writes_creations_and_removals_are_told_by_their_paths) {
  set_up();
  EQUAL_TEXT(told("echo 2 > src/a"), "0:a ");
  EQUAL_TEXT(told("echo 3 > src/sub/deep/new"), "0:sub/deep/new ");
  EQUAL_TEXT(told("rm src/a"), "0:a ");
  EQUAL_TEXT(told("echo 1 > out/b; cat src/sub/deep/new > /dev/null; chmod 600 src/sub/deep/new"), "");
}

TEST(a_file_that_is_only_being_written_to_is_told_so) {
  set_up();
  int file = open("src/log", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  EQUAL_TEXT(told(":"), "");
  char line[64];
  snprintf(line, sizeof line, "echo more >> /proc/%d/fd/%d & sleep 0.1; :", (int)getpid(), file);
  /* Opened anew it is closed as well; a truncation by its name is not. */
  EQUAL_TEXT(told(line), "0:log ");
  EQUAL_TEXT(
      told("python3 -c 'import os; os.truncate(\"src/log\", 1)' 2>/dev/null || perl -e 'truncate \"src/log\", 1'"),
      "0:log? ");
}

TEST(what_this_process_does_is_not_told_but_its_new_directories_are_watched) {
  set_up();
  CHECK(mkdir("src/own", 0755) == 0);
  close(open("src/own/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  EQUAL_TEXT(told(":"), "");
  EQUAL_TEXT(told("echo 1 > src/own/file"), "0:own/file ");
}

TEST(new_directories_are_watched_with_what_they_already_hold) {
  set_up();
  CHECK(strstr(told("mkdir -p new/one/two; mv new src/"), "0:new "));
  EQUAL_TEXT(told("echo 1 > src/new/one/two/x"), "0:new/one/two/x ");
}

TEST(a_directory_that_is_moved_is_told_by_its_new_path_and_one_that_leaves_not_at_all) {
  set_up();
  EQUAL_TEXT(told("mv src/sub src/else"), "0:sub 0:else ");
  EQUAL_TEXT(told("echo 1 > src/else/deep/x"), "0:else/deep/x ");
  EQUAL_TEXT(told("mkdir src/else/inner"), "0:else/inner ");
  EQUAL_TEXT(told("mv src/else/deep src/else/inner/"), "0:else/deep 0:else/inner/deep ");
  EQUAL_TEXT(told("echo 1 > src/else/inner/deep/x"), "0:else/inner/deep/x ");
  EQUAL_TEXT(told("mv src/else out/"), "0:else ");
  EQUAL_TEXT(told("echo 1 > out/else/inner/deep/x"), "");
  CHECK(strstr(told("mv out/else src/back"), "0:back "));
  EQUAL_TEXT(told("echo 1 > src/back/inner/deep/x"), "0:back/inner/deep/x ");
}

TEST(a_directory_that_is_removed_and_made_again_is_watched) {
  set_up();
  told("rm -r src/sub; mkdir src/sub");
  EQUAL_TEXT(told("echo 1 > src/sub/x"), "0:sub/x ");
}

TEST(two_roots_that_share_a_directory_are_both_told) {
  set_up();
  EQUAL(watch_add(here("src/sub")), 0);
  EQUAL_TEXT(told("echo 1 > src/sub/x"), "0:sub/x 1:x ");
  EQUAL_TEXT(told("echo 1 > src/x"), "0:x ");
}

TEST(links_are_not_followed_and_a_file_is_refused) {
  set_up();
  told("ln -s ../out src/link");
  EQUAL_TEXT(told("echo 1 > out/x"), "");
  EQUAL(watch_add(here("src/a")), -ENOTDIR);
  EQUAL(watch_add(here("none")), -ENOENT);
}

TEST(more_directories_than_the_limit_are_refused_and_later_ones_are_said) {
  set_up();
  elsewhere("mkdir -p out/1 out/2 out/3");
  watch_limit(6);
  EQUAL(watch_add(here("out")), -E2BIG);
  CHECK(strstr(told("mkdir src/late"), "0:late "));
  EQUAL(failed_with, -E2BIG);
}

TEST(a_group_is_made_without_a_privilege) {
  SKIP_UNLESS(geteuid() == 0, "needs root");
  set_up();
  int fd = open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(mkdir("still", 0755) == 0 && chown("still", 1, 1) == 0); /* its other rights it has as before */
  struct cap_header header = {.version = CAPABILITY_VERSION_3};
  struct cap_data none[2] = {{0}};
  EQUAL(raw_syscall(SYS_capset, (long)&header, (long)none, 0, 0, 0, 0), 0);
  int result = fanotify_mark(watch_descriptor(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE, fd, NULL);
  EQUAL(as_result(result), -EPERM);
}

TEST(a_file_with_several_changes_waits_once_and_too_many_changes_are_their_roots) {
  char name[32];
  set_up();
  changes_add(0, "a", false);
  changes_add(0, "a", true);
  EQUAL(changes_count(), 1);
  for (int i = 0; i < CHANGES_MAX; i++) {
    snprintf(name, sizeof name, "%d", i);
    changes_add(0, name, true);
  }
  EQUAL(changes_count(), 1);
}

/* ---- With an agent ---- */

static int guest = -1;

static const char *mask_words(uint32_t mask) {
  static char words[64];
  snprintf(words, sizeof words, "%s%s%s", mask & IN_MODIFY ? "modify" : "", mask & IN_ATTRIB ? "attrib" : "",
           mask & IN_DELETE_SELF ? "gone" : "");
  return words;
}

/* The events that touches make, without those of the changes themselves: of IN_MODIFY the last. */
static const char *events(void) {
  _Alignas(struct inotify_event) static char bytes[65536];
  static char text[4096];
  *text = 0;
  for (ssize_t size; (size = read(guest, bytes, sizeof bytes)) > 0;) {
    for (char *at = bytes; at < bytes + size;) {
      const struct inotify_event *event = (const void *)at;
      size_t length = strlen(text);
      snprintf(text + length, sizeof text - length, "%s:%s ", mask_words(event->mask), event->len ? event->name : ".");
      at += sizeof *event + event->len;
    }
  }
  return text;
}

static int touch_here(bool whole, const char *mount, const char *path) {
  uint8_t payload[CHANGED_MAX];
  write_le32(payload, whole);
  size_t first = strlen(mount) + 1, second = strlen(path) + 1;
  memcpy(payload + 4, mount, first);
  memcpy(payload + 4 + first, path, second);
  return touch_changed(check_folder, payload, (uint32_t)(4 + first + second));
}

static void watch_as_guest(void) {
  elsewhere("mkdir -p src/sub out; echo 1 > src/a; echo 1 > out/b; ln -s ../out src/link; ln -s a src/soft");
  guest = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  CHECK(inotify_add_watch(guest, "src", IN_MODIFY | IN_ATTRIB) >= 0);
}

TEST(a_touch_makes_the_event_and_leaves_the_times) {
  struct stat before, after;
  watch_as_guest();
  CHECK(utimensat(AT_FDCWD, "src/a", (struct timespec[2]){{1000, 1}, {2000, 2}}, 0) == 0);
  events();
  CHECK(stat("src/a", &before) == 0);
  EQUAL(touch_here(true, "/src", "a"), 0);
  EQUAL_TEXT(events(), "modify:a ");
  EQUAL(touch_here(false, "/src", "a"), 0);
  EQUAL_TEXT(events(), "attrib:a ");
  CHECK(stat("src/a", &after) == 0);
  CHECK(!memcmp(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim));
  CHECK(!memcmp(&before.st_atim, &after.st_atim, sizeof before.st_atim));
  EQUAL(touch_here(true, "/src", "soft"), 0);
  EQUAL_TEXT(events(), "modify:soft ");
}

TEST(what_is_gone_is_told_by_the_directory_that_is_left) {
  watch_as_guest();
  EQUAL(touch_here(true, "/src", "none"), 0);
  EQUAL_TEXT(events(), "modify:. ");
  EQUAL(touch_here(true, "/src", "none/at/all"), 0);
  EQUAL_TEXT(events(), "modify:. ");
  EQUAL(touch_here(true, "/src", "sub/none"), 0);
  EQUAL_TEXT(events(), "modify:sub ");
  EQUAL(touch_here(true, "/src", ""), 0);
  EQUAL_TEXT(events(), "modify:. ");
}

TEST(nothing_outside_of_the_mount_is_touched) {
  static const char *const paths[] = {"../out/b", "link/b", "/etc/passwd", "sub/../../out/b"};
  uint8_t cut[] = {1, 0, 0, 0, '/', 's', 'r', 'c', 0, 'a'};
  struct stat before, after;
  watch_as_guest();
  CHECK(stat("out/b", &before) == 0);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) CHECK(touch_here(true, "/src", paths[i]) < 0);
  CHECK(stat("out/b", &after) == 0);
  CHECK(!memcmp(&before.st_ctim, &after.st_ctim, sizeof before.st_ctim));
  EQUAL(touch_changed(check_folder, cut, sizeof cut), -EBADMSG);
  cut[9] = 0;
  EQUAL(touch_changed(check_folder, cut, 9), -EBADMSG); /* a mount alone */
  CHECK(touch_here(true, "/none", "a") < 0);
  EQUAL_TEXT(events(), "");
}

/* The agent's side of a connection, which takes each change, and none of the VMM's process. */
static void start_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AGENT_SOCKET};
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 5) == 0);
  if (fork()) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  int fd = accept(listener, NULL, NULL);
  agent_send(fd, FRAME_HELLO, NULL, 0);
  for (;;) {
    static uint8_t payload[CHANGED_MAX];
    uint8_t answer[4];
    struct frame frame;
    if (agent_receive(fd, &frame, payload, sizeof payload, 60000) < 0 || frame.type != FRAME_CHANGED) _exit(1);
    write_le32(answer, (uint32_t)touch_changed("/", payload, frame.size));
    agent_send(fd, FRAME_REPLY, answer, sizeof answer);
  }
}

static const char *after(const char *line) {
  int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  elsewhere(line);
  events();
  for (int64_t end = now_ms() + 1500; left_ms(end) > 0;) changes_step(folder, 100);
  close(folder);
  EQUAL(changes_count(), 0);
  return events();
}

TEST(a_change_is_told_to_the_agent_and_what_the_agent_does_ends_by_itself) {
  set_up();
  start_agent();
  watch_as_guest();
  after(":");
  /* The agent's touch is another process's change here, which is answered, and that answer by nothing. */
  EQUAL_TEXT(after("echo 2 > src/a; echo 3 > src/a"), "modify:a attrib:a ");
  EQUAL_TEXT(after("echo 2 > src/sub/x"), "");
  EQUAL_TEXT(after("rm src/a"), "modify:. ");
}
