/*
 * `start` and `delete` without Deno, which takes 15 ms to come up: for a plain container `create` leaves written down
 * what they would do (runtime/state/shortcut.ts), and here it is done. Whatever is not just as expected - options,
 * hooks, a container that lives, a sub-cgroup, a file of somebody else's - is left to the program, which starts as ever:
 * up to the point of no return nothing has happened that it would not do itself.
 *
 * It owns no decision about containers and reads no JSON. The file `shortcut` has lines, each ended by a newline:
 *   frozen PATH       start: not while this file of the freezer's says anything but 0 or THAWED
 *   process PID TIME  delete: not while this process lives, TIME being field 22 of its stat
 *   cgroup PATH       delete: a directory to remove
 * `started.json` is what state.json will be once the container is started.
 */
#ifndef KAGO_ENTRY_SHORTCUT_H
#define KAGO_ENTRY_SHORTCUT_H

#include "kernel_calls.h"
#include "shortcut_arguments.h"

enum { SHORTCUT_MAX = 16384 };

/* What a shortcut is taken with. */
struct shortcut {
  const struct shortcut_arguments *arguments;
  char text[SHORTCUT_MAX];
  int folder; /* the state folder, locked as long as it is open */
};

/* What comes of it. */
enum shortcut_outcome {
  SHORTCUT_NONE,   /* the program is to carry the command out */
  SHORTCUT_DONE,
  SHORTCUT_FAILED, /* the container was started, and its program could not be executed; *report says why */
};

/* The first line that begins with `word` and a blank: what follows, ended by NUL, or 0. *from moves on behind it. */
static char *next_line(char **from, const char *word) {
  char *line = *from;
  while (*line) {
    char *end = line;
    while (*end && *end != '\n') end++;
    char *rest = starts_with(line, word) && line[length(word)] == ' ' ? line + length(word) + 1 : 0;
    *from = *end ? end + 1 : end;
    if (rest) {
      *end = 0;
      return rest;
    }
    line = *from;
  }
  return 0;
}

/*
 * Between open and lock the folder may have been deleted, and even made anew for another container of that id. What is
 * somebody else's is for the program to judge.
 */
static int is_still_own(int folder, const char *path) {
  struct stat now, locked;
  return stat_at(AT_FDCWD, path, &now) == 0 && stat_of(folder, &locked) == 0 && now.st_ino == locked.st_ino &&
         now.st_dev == locked.st_dev && locked.st_uid == get_uid() && !(locked.st_mode & 0022);
}

static int open_shortcut(struct shortcut *s) {
  const char *path = s->arguments->folder;
  s->folder = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (s->folder < 0) return 0;
  if (lock(s->folder) == 0 && is_still_own(s->folder, path) &&
      read_whole(s->folder, "shortcut", s->text, sizeof s->text) > 0)
    return 1;
  close_fd(s->folder);
  return 0;
}

static int is_frozen(struct shortcut *s) {
  char *at = s->text, value[16];
  for (char *path; (path = next_line(&at, "frozen"));)
    if (read_whole(AT_FDCWD, path, value, sizeof value) <= 0 || (!is_equal(value, "0\n") && !is_equal(value, "THAWED\n")))
      return 1;
  return 0;
}

/*
 * Who can connect has found a live Init that waits. From the rename on the container counts as running, for whoever
 * sees it running must not read `created`.
 */
static enum shortcut_outcome start_container(struct shortcut *s, int *report) {
  if (is_frozen(s)) return SHORTCUT_NONE;
  int socket = connect_to(s->folder, "notify.sock");
  if (socket < 0) return SHORTCUT_NONE;
  if (!is_trusted_peer(socket) || learn_senders(socket) != 0 ||
      rename_in(s->folder, "started.json", "state.json") != 0 || send_byte(socket, 'S') != 1) {
    close_fd(socket);
    return SHORTCUT_NONE;
  }
  if (peek_end(socket)) {
    remove_in(s->folder, "notify.sock", 0);
    return SHORTCUT_DONE;
  }
  *report = socket;
  return SHORTCUT_FAILED;
}

/* proc_pid_stat(5). A zombie has ended, and so has the process whose pid another one has got. */
static int lives(const char *pid, const char *time) {
  char path[64], stat[1024];
  append(append(append(path, "/proc/"), pid), "/stat");
  if (read_whole(AT_FDCWD, path, stat, sizeof stat) <= 0) return 0;
  char *at = stat + length(stat);
  while (at > stat && *at != ')') at--;
  if (at == stat || !at[1] || !at[2]) return 1; /* not understood: the program shall look */
  at += 2;
  if (*at == 'Z' || *at == 'X' || *at == 'x') return 0;
  for (int field = 3; field < 22; field++) {
    while (*at && *at != ' ') at++;
    if (*at) at++;
  }
  return starts_with(at, time) && at[length(time)] == ' ';
}

/* When it is, *rest is the text behind the line that says which process. */
static int is_stopped(struct shortcut *s, char **rest) {
  *rest = s->text;
  char *pid = next_line(rest, "process"), *time = pid;
  if (!pid) return 0;
  while (*time && *time != ' ') time++;
  if (!*time || time - pid > 10) return 0;
  *time++ = 0;
  return !lives(pid, time);
}

static const char OWN_FILES[] = "state.json\0config.json\0notify.sock\0started.json\0shortcut\0";

static enum shortcut_outcome delete_container(struct shortcut *s) {
  char *at;
  if (!is_stopped(s, &at) || !has_only(s->folder, OWN_FILES)) return SHORTCUT_NONE;
  for (char *path; (path = next_line(&at, "cgroup"));)
    if (is_left(remove_in(AT_FDCWD, path, AT_REMOVEDIR))) return SHORTCUT_NONE;
  /* state.json goes last, so that a delete that is killed half way can be repeated. */
  for (const char *name = OWN_FILES + length(OWN_FILES) + 1; *name; name += length(name) + 1) remove_in(s->folder, name, 0);
  remove_in(s->folder, OWN_FILES, 0);
  return remove_in(AT_FDCWD, s->arguments->folder, AT_REMOVEDIR) == 0 ? SHORTCUT_DONE : SHORTCUT_NONE;
}

/* Carries the command out if it is one of the two and the container is a plain one. */
static enum shortcut_outcome take_shortcut(const struct shortcut_arguments *arguments, int *report) {
  struct shortcut s;
  s.arguments = arguments;
  if (!open_shortcut(&s)) return SHORTCUT_NONE;
  enum shortcut_outcome outcome = arguments->start ? start_container(&s, report) : delete_container(&s);
  close_fd(s.folder);
  return outcome;
}

#endif
