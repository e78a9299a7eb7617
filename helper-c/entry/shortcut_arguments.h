/*
 * The command line of a command that may take a shortcut. Only the words that engines use are understood here; all
 * others are left to the program, and are no error.
 */
#ifndef KAGO_ENTRY_SHORTCUT_ARGUMENTS_H
#define KAGO_ENTRY_SHORTCUT_ARGUMENTS_H

#include "kernel_calls.h"
#include "shortcut.gen.h"

enum { ROOT_MAX = 2048 };

enum shortcut_command { DO_START, DO_DELETE, DO_STATE, DO_KILL, DO_PAUSE, DO_RESUME };

struct shortcut_arguments {
  enum shortcut_command command;
  int force, signal;
  char folder[ROOT_MAX + ID_MAX + 2];
};

/* As in the program. `resume` takes no lock: its holder may be waiting for the container. */
static int takes_lock(enum shortcut_command command) {
  return command == DO_START || command == DO_DELETE || command == DO_PAUSE;
}

/* Is argv[*i] this option? Then *value is its value, and *i the index of its last word. */
static int is_option(const char *name, char **argv, long *i, const char **value) {
  const char *word = argv[*i];
  if (!starts_with(word, "--") || !starts_with(word + 2, name)) return 0;
  word += 2 + length(name);
  if (*word == '=') {
    *value = word + 1;
    return 1;
  }
  if (*word || !argv[*i + 1]) return 0;
  *value = argv[++*i];
  return 1;
}

/* As runtime/log.ts, which reports errors. A log that may not be a file is left to the program. */
static int can_log_to(const char *path) {
  if (has_character(path, ':')) return 0;
  long fd =
      *path ? system_call(__NR_openat, AT_FDCWD, (long)path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
  if (fd < 0) return !*path;
  close_fd(fd);
  return 1;
}

/* Is argv[*i] an option without effect here, with a valid value? Then *i becomes the index of its last word. */
static int is_idle_option(char **argv, long *i) {
  const char *value;
  if (!starts_with(argv[*i], "--")) return 0;
  const char *word = argv[*i] + 2, *next = argv[*i + 1];
  if (any_matches(IDLE_FLAGS, word, is_equal)) return 1;
  for (const char *name = IDLE_OPTIONS; *name; name += length(name) + 1)
    if (is_option(name, argv, i, &value)) return 1;
  for (const char *choice = IDLE_CHOICES; *choice; choice += length(choice) + 1) {
    if (is_equal(word, choice)) return 1;
    const char *rest = starts_with(choice, word) ? choice + length(word) : "";
    if (*rest != '=' || !next || !is_equal(next, rest + 1)) continue;
    ++*i;
    return 1;
  }
  return 0;
}

/* Reads the global options: the index of the command, or 0. */
static long read_options(char **argv, const char **root) {
  const char *value;
  long i = 1;
  for (; argv[0] && argv[i] && argv[i][0] == '-'; i++) {
    if (is_option("root", argv, &i, root)) continue;
    if (is_option("log", argv, &i, &value) && can_log_to(value)) continue;
    if (!is_idle_option(argv, &i)) return 0;
  }
  return argv[0] && argv[i] ? i : 0;
}

/* As in runtime/state/state_root.ts. */
static int is_id(const char *id) {
  if (!*id || is_equal(id, ".") || is_equal(id, "..") || length(id) > ID_MAX) return 0;
  for (; *id; id++)
    if (!has_character(ID_CHARACTERS, *id)) return 0;
  return 1;
}

/* As runtime/cli/signals.ts, but without names of real-time signals: the number, or -1. */
static int signal_number(const char *text) {
  if (is_number(text)) return length(text) < 4 && to_number(text) <= LAST_SIGNAL ? (int)to_number(text) : -1;
  if (starts_with_in_any_case(text, "SIG")) text += 3;
  for (const char *name = SIGNAL_NAMES; *name; name += length(name) + 1)
    if (length(text) == length(name + 1) && starts_with_in_any_case(text, name + 1)) return *name;
  return -1;
}

/* -1 for another command. */
static int command_of(const char *word) {
  static const char names[] = "start\0delete\0state\0kill\0pause\0resume\0";
  int command = DO_START;
  for (const char *name = names; *name; name += length(name) + 1, command++)
    if (is_equal(word, name)) return command;
  return -1;
}

/* The default is for root only; if this may be the root of a user namespace, the program decides (state_root.ts). */
static const char *state_root(const char *root, char **envp) {
  if (root) {
    int plain = root[0] == '/' && length(root) <= ROOT_MAX;
    for (const char *at = root; plain && *at; at++) plain = !starts_with(at, "/..");
    return plain ? root : 0;
  }
  if (get_uid() != 0) return 0;
  for (; *envp; envp++)
    if (starts_with(*envp, "XDG_RUNTIME_DIR=") && !is_whole_id_range()) return 0;
  return DEFAULT_ROOT;
}

static int read_shortcut_arguments(char **argv, char **envp, struct shortcut_arguments *to) {
  const char *root = 0;
  long i = read_options(argv, &root);
  int command = i ? command_of(argv[i++]) : -1;
  if (command < 0) return 0;
  *to = (struct shortcut_arguments){.command = command, .signal = DEFAULT_SIGNAL};
  if (command == DO_DELETE && argv[i] && (is_equal(argv[i], "--force") || is_equal(argv[i], "-f"))) {
    to->force = 1;
    i++;
  }
  const char *id = argv[i];
  if (!id || id[0] == '-' || !is_id(id)) return 0;
  if (command == DO_KILL && argv[++i]) {
    to->signal = signal_number(argv[i]);
    if (to->signal < 0) return 0;
    i++;
  } else if (command != DO_KILL) i++;
  root = argv[i] ? 0 : state_root(root, envp);
  if (!root) return 0;
  append(append(append(to->folder, root), "/"), id);
  return 1;
}

#endif
