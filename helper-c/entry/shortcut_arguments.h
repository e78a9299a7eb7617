/*
 * The command line of a command that may take a shortcut: the words that engines use, and no others. What is not
 * understood here is no error; the program reads it.
 */
#ifndef KAGO_ENTRY_SHORTCUT_ARGUMENTS_H
#define KAGO_ENTRY_SHORTCUT_ARGUMENTS_H

#include "kernel_calls.h"

enum { ROOT_MAX = 2048, ID_MAX = 1024 };

struct shortcut_arguments {
  int start; /* 1 start, 0 delete */
  char folder[ROOT_MAX + ID_MAX + 2];
};

/* Is argv[*i] this option? Then *value is what it was given, and *i at its last word. */
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

/* As runtime/log.ts, which says what is wrong. */
static int can_log_to(const char *path) {
  long fd = *path ? system_call(__NR_openat, AT_FDCWD, (long)path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
  if (fd < 0) return !*path;
  close_fd(fd);
  return 1;
}

/* The global options: the index of the command, or 0. */
static long read_options(char **argv, const char **root) {
  const char *value;
  long i = 1;
  for (; argv[0] && argv[i] && argv[i][0] == '-'; i++) {
    if (is_option("root", argv, &i, root)) continue;
    if (is_option("log", argv, &i, &value) && can_log_to(value)) continue;
    if (is_option("log-format", argv, &i, &value) && (is_equal(value, "json") || is_equal(value, "text"))) continue;
    if (!is_equal(argv[i], "--systemd-cgroup")) return 0;
  }
  return argv[0] && argv[i] ? i : 0;
}

/* As runtime/state/state_root.ts has it. */
static int is_id(const char *id) {
  if (!*id || is_equal(id, ".") || is_equal(id, "..") || length(id) > ID_MAX) return 0;
  for (; *id; id++) {
    int letter = (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') || (*id >= '0' && *id <= '9');
    if (!letter && *id != '_' && *id != '+' && *id != '-' && *id != '.') return 0;
  }
  return 1;
}

/* The default is root's own; where root may be that of a user namespace, the program decides (state_root.ts). */
static const char *state_root(const char *root, char **envp) {
  if (root) {
    int plain = root[0] == '/' && length(root) <= ROOT_MAX;
    for (const char *at = root; plain && *at; at++) plain = !starts_with(at, "/..");
    return plain ? root : 0;
  }
  if (get_uid() != 0) return 0;
  for (; *envp; envp++)
    if (starts_with(*envp, "XDG_RUNTIME_DIR=") && !is_whole_id_range()) return 0;
  return "/run/kago";
}

static int read_shortcut_arguments(char **argv, char **envp, struct shortcut_arguments *to) {
  const char *root = 0;
  long i = read_options(argv, &root);
  if (!i) return 0;
  to->start = is_equal(argv[i], "start");
  if (!to->start && !is_equal(argv[i], "delete")) return 0;
  i++;
  if (!to->start && argv[i] && (is_equal(argv[i], "--force") || is_equal(argv[i], "-f"))) i++;
  if (!argv[i] || argv[i][0] == '-' || argv[i + 1] || !is_id(argv[i])) return 0;
  root = state_root(root, envp);
  if (!root) return 0;
  append(append(append(to->folder, root), "/"), argv[i]);
  return 1;
}

#endif
