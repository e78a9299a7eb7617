/*
 * Commands without Deno, which takes 15 ms to start. A file beside a container's state (runtime/state/shortcut.ts) says
 * what they would do, and this code does it. Anything unexpected - options, hooks, a sub-cgroup, another user's file -
 * is left to the program, which starts as usual: up to the point of no return nothing is done that it would not do
 * itself.
 *
 * This code makes no decision about containers and reads no JSON. The file `shortcut` has lines, each ended by a
 * newline:
 *   created INODE SIZE TIME   state.json, as `create` has left it; the time of its last change in milliseconds
 *   running INODE SIZE TIME   state.json of a started container; until then it is started.json
 *   process PID TIME          the container's process, TIME being field 22 of its stat
 *   freezer VERSION PATH      the directory of its cgroup that freezes it
 *   kill WHOM                 what a signal to the process reaches
 *   plain 1                   `start` and `delete` need nothing that is not here
 *   cgroup PATH               a directory for `delete` to remove
 * and, after an empty line, the output of `state`, with a byte 1 for the pid and a byte 2 for the status.
 */
#ifndef KAGO_ENTRY_SHORTCUT_H
#define KAGO_ENTRY_SHORTCUT_H

#include "kernel_calls.h"
#include "shortcut_arguments.h"

/* Size of the file with its NUL; of a directory's path, and of what is appended to it. */
enum { SHORTCUT_MAX = 16384, FOLDER_MAX = 4096, NAME_ROOM = 64, SIGKILL = 9 };

/* The state of a shortcut. */
struct shortcut {
  const struct shortcut_arguments *arguments;
  char text[SHORTCUT_MAX];
  int folder; /* the state directory, which the command locks for as long as it is open */
  const char *status; /* the stored one */
  const char *pid, *time, *freezer, *freezer_version, *kill; /* 0 for a missing line */
  int is_plain;
  char *rest; /* the `cgroup` lines */
  const char *output;
};

/* The result of a shortcut. */
enum shortcut_outcome {
  SHORTCUT_NONE,   /* the program must carry the command out */
  SHORTCUT_DONE,
  SHORTCUT_FAILED, /* the container was started, but its program could not be executed; *report gives the reason */
  SHORTCUT_CUT,    /* only part of the output was written */
};

/* If the next line begins with `word` and a blank: the rest, NUL-terminated, else 0. *from advances past the line. */
static char *take_line(char **from, const char *word) {
  char *line = *from, *end = line;
  if (!starts_with(line, word) || line[length(word)] != ' ') return 0;
  while (*end && *end != '\n') end++;
  *from = *end ? end + 1 : end;
  *end = 0;
  return line + length(word) + 1;
}

/* The text after the first blank, which is replaced by a NUL; 0 if there is none. */
static char *split(char *line) {
  while (*line && *line != ' ') line++;
  if (!*line) return 0;
  *line = 0;
  return line + 1;
}

/*
 * Between open and lock the directory may have been deleted, and even recreated for another container with that id. If
 * it is another user's, the program decides.
 */
static int is_still_own(int folder, const char *path) {
  struct stat now, locked;
  return stat_at(AT_FDCWD, path, &now) == 0 && stat_of(folder, &locked) == 0 && now.st_ino == locked.st_ino &&
         now.st_dev == locked.st_dev && locked.st_uid == get_uid() && !(locked.st_mode & 0022);
}

/* Is state.json the file that the line describes? */
static int is_state_file(int folder, const char *line) {
  char text[80];
  struct stat info;
  if (!line || stat_at(folder, "state.json", &info) != 0) return 0;
  unsigned long milliseconds = info.st_mtime * 1000 + info.st_mtime_nsec / 1000000;
  char *end = append(append_number(text, info.st_ino), " ");
  append_number(append(append_number(end, (unsigned long)info.st_size), " "), milliseconds);
  return is_equal(text, line);
}

/* proc_pid_stat(5). A zombie has ended; so has a process whose pid was reused. */
static int lives(const struct shortcut *s) {
  char path[64], stat[1024];
  append(append(append(path, "/proc/"), s->pid), "/stat");
  if (read_whole(AT_FDCWD, path, stat, sizeof stat) <= 0) return 0;
  char *at = stat + length(stat);
  while (at > stat && *at != ')') at--;
  if (at == stat || !at[1] || !at[2]) return 1; /* not understood: the program must look */
  at += 2;
  if (*at == 'Z' || *at == 'X' || *at == 'x') return 0;
  for (int field = 3; field < 22; field++) {
    while (*at && *at != ' ') at++;
    if (*at) at++;
  }
  return starts_with(at, s->time) && at[length(s->time)] == ' ';
}

/* 0 if the text is incomplete, or describes another state. */
static int read_lines(struct shortcut *s) {
  char *at = s->text;
  const char *created = take_line(&at, "created"), *running = take_line(&at, "running");
  s->status = is_state_file(s->folder, created) ? "created" : is_state_file(s->folder, running) ? "running" : 0;
  char *process = take_line(&at, "process"), *time = process ? split(process) : 0, *freezer = take_line(&at, "freezer");
  if (!s->status || !time || length(process) > 10 || (freezer && length(freezer) > FOLDER_MAX)) return 0;
  s->pid = process;
  s->time = time;
  s->freezer = freezer ? split(freezer) : 0;
  s->freezer_version = freezer;
  s->kill = take_line(&at, "kill");
  s->is_plain = take_line(&at, "plain") != 0;
  s->rest = at;
  while (*at && *at != '\n') {
    while (*at && *at != '\n') at++;
    if (*at) at++;
  }
  s->output = *at ? at + 1 : 0;
  return s->kill != 0;
}

static int open_shortcut(struct shortcut *s) {
  const char *path = s->arguments->folder;
  s->folder = open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (s->folder < 0) return 0;
  if ((!takes_lock(s->arguments->command) || lock(s->folder) == 0) && is_still_own(s->folder, path) &&
      read_whole(s->folder, "shortcut", s->text, sizeof s->text) > 0 && read_lines(s))
    return 1;
  close_fd(s->folder);
  return 0;
}

/* Reads a file of the freezer as text: its length or -errno. */
static long read_freezer(const struct shortcut *s, const char *name, char *text, long size) {
  char path[FOLDER_MAX + NAME_ROOM];
  append(append(append(path, s->freezer), "/"), name);
  return read_whole(AT_FDCWD, path, text, size);
}

static int write_freezer(const struct shortcut *s, const char *name, const char *value) {
  char path[FOLDER_MAX + NAME_ROOM];
  append(append(append(path, s->freezer), "/"), name);
  int fd = open_at(AT_FDCWD, path, O_WRONLY);
  if (fd < 0) return 0;
  long written = system_call(__NR_write, fd, (long)value, (long)length(value), 0);
  close_fd(fd);
  return written == (long)length(value);
}

static int has_v1_freezer(const struct shortcut *s) { return is_equal(s->freezer_version, "1"); }

/* Is a freeze requested, as runtime/cgroup/life/freezer.ts checks? -1 if unknown. */
static int is_frozen(const struct shortcut *s) {
  char value[16];
  if (!s->freezer) return 0;
  if (read_freezer(s, has_v1_freezer(s) ? "freezer.self_freezing" : "cgroup.freeze", value, sizeof value) <= 0)
    return -1;
  return is_equal(value, "1\n") ? 1 : is_equal(value, "0\n") ? 0 : -1;
}

static int order_freezer(const struct shortcut *s, int freeze) {
  if (has_v1_freezer(s)) return write_freezer(s, "freezer.state", freeze ? "FROZEN" : "THAWED");
  return write_freezer(s, "cgroup.freeze", freeze ? "1" : "0");
}

static int stands_still(const struct shortcut *s) {
  char text[256];
  if (has_v1_freezer(s)) return read_freezer(s, "freezer.state", text, sizeof text) > 0 && is_equal(text, "FROZEN\n");
  if (read_freezer(s, "cgroup.events", text, sizeof text) <= 0) return 0;
  for (const char *at = text; *at; at++)
    if ((at == text || at[-1] == '\n') && starts_with(at, "frozen 1\n")) return 1;
  return 0;
}

/*
 * If connecting succeeds, a live Init is waiting. From the rename on the container counts as running: a process that
 * sees it running must not read `created`.
 */
static enum shortcut_outcome start_container(struct shortcut *s, int *report) {
  if (!s->is_plain || !is_equal(s->status, "created") || is_frozen(s) != 0) return SHORTCUT_NONE;
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

static enum shortcut_outcome delete_container(struct shortcut *s) {
  if (!s->is_plain || lives(s) || !has_only(s->folder, OWN_FILES)) return SHORTCUT_NONE;
  for (char *path; (path = take_line(&s->rest, "cgroup"));)
    if (is_left(remove_in(AT_FDCWD, path, AT_REMOVEDIR))) return SHORTCUT_NONE;
  /* state.json is last in the list and removed last, so that an interrupted delete can be repeated. */
  for (const char *name = OWN_FILES; *name; name += length(name) + 1) remove_in(s->folder, name, 0);
  return remove_in(AT_FDCWD, s->arguments->folder, AT_REMOVEDIR) == 0 ? SHORTCUT_DONE : SHORTCUT_NONE;
}

static enum shortcut_outcome print(const char *at, const char *end) {
  const char *begin = at;
  while (at < end) {
    long written = system_call(__NR_write, 1, (long)at, end - at, 0);
    if (written == -EAGAIN) wait_to_write(1);
    else if (written <= 0) return at == begin ? SHORTCUT_NONE : SHORTCUT_CUT;
    else at += written;
  }
  return SHORTCUT_DONE;
}

static enum shortcut_outcome print_state(const struct shortcut *s) {
  char out[SHORTCUT_MAX + NAME_ROOM], *end = out; /* room for a pid and a status */
  int alive = lives(s), frozen = alive ? is_frozen(s) : 0;
  if (!s->output || frozen < 0) return SHORTCUT_NONE;
  const char *status = !alive ? "stopped" : frozen ? "paused" : s->status;
  const char *values[] = {alive ? s->pid : "0", status};
  for (const char *at = s->output; *at; at++) {
    const char **value = *at == 1 || *at == 2 ? &values[*at - 1] : 0;
    if (value) {
      end = append(end, *value);
      *value = ""; /* each once only */
    } else *end++ = *at;
  }
  return print(out, end);
}

/* The pidfd is opened before the process is checked: from then on it cannot refer to another process. */
static enum shortcut_outcome kill_container(const struct shortcut *s) {
  int signal = s->arguments->signal, is_kill = signal == SIGKILL;
  if (is_kill ? is_equal(s->kill, "init but KILL") || is_frozen(s) != 0 : is_equal(s->kill, "init with KILL"))
    return SHORTCUT_NONE;
  long pidfd = system_call(__NR_pidfd_open, (long)to_number(s->pid), 0, 0, 0);
  if (pidfd < 0) return SHORTCUT_NONE;
  int sent = lives(s) && system_call(__NR_pidfd_send_signal, pidfd, signal, 0, 0) == 0;
  close_fd(pidfd);
  return sent ? SHORTCUT_DONE : SHORTCUT_NONE;
}

/* A container that does not freeze at once is thawed, and left to the program, which waits longer. */
static enum shortcut_outcome pause_container(const struct shortcut *s) {
  enum { ATTEMPTS = 20 };
  if (!lives(s) || !s->freezer || is_frozen(s) != 0) return SHORTCUT_NONE;
  for (int i = 0; i < ATTEMPTS && (has_v1_freezer(s) || i == 0 ? order_freezer(s, 1) : 1); i++) {
    if (stands_still(s)) return SHORTCUT_DONE;
    if (i) sleep_for_ms(1);
  }
  order_freezer(s, 0);
  return SHORTCUT_NONE;
}

static enum shortcut_outcome resume_container(const struct shortcut *s) {
  return lives(s) && s->freezer && is_frozen(s) == 1 && order_freezer(s, 0) ? SHORTCUT_DONE : SHORTCUT_NONE;
}

/* containerd's shim deletes a container a second time, to be sure. */
static int is_gone(const struct shortcut_arguments *arguments) {
  struct stat info;
  return arguments->command == DO_DELETE && arguments->force && stat_at(AT_FDCWD, arguments->folder, &info) == -ENOENT;
}

/* Carries the command out if it is one of these and the container is in the recorded state. */
static enum shortcut_outcome take_shortcut(const struct shortcut_arguments *arguments, int *report) {
  struct shortcut s = {.arguments = arguments};
  enum shortcut_outcome outcome = SHORTCUT_NONE;
  if (!open_shortcut(&s)) return is_gone(arguments) ? SHORTCUT_DONE : SHORTCUT_NONE;
  switch (arguments->command) {
    case DO_START: outcome = start_container(&s, report); break;
    case DO_DELETE: outcome = delete_container(&s); break;
    case DO_STATE: outcome = print_state(&s); break;
    case DO_KILL: outcome = kill_container(&s); break;
    case DO_PAUSE: outcome = pause_container(&s); break;
    case DO_RESUME: outcome = resume_container(&s); break;
  }
  close_fd(s.folder);
  return outcome;
}

#endif
