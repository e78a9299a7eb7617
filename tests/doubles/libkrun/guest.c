/* Reads `cwd`, `args` and `env` out of /.krun_config.json where kago writes them, which is as its first ones. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_SIZE = 1 << 20, MAX_STRINGS = 1024 };

static char config[CONFIG_SIZE + 1];

_Noreturn void give_up(const char *why) {
  dprintf(2, "libkrun double: %s\n", why);
  _exit(125);
}

static bool is_given;

void config_given(const char *text, size_t size) {
  if (size > CONFIG_SIZE) give_up("a long /.krun_config.json");
  memcpy(config, text, size);
  is_given = true;
}

static void read_config(void) {
  if (is_given) return;
  int fd = open("/.krun_config.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) give_up("cannot open /.krun_config.json");
  ssize_t size = read(fd, config, CONFIG_SIZE);
  if (size <= 0) give_up("cannot read /.krun_config.json");
  close(fd);
}

static char unescape(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'u':
      give_up("a \\u escape in /.krun_config.json");
    default:
      return letter;
  }
}

/* Decodes the string that begins at `*at` in place and moves past it. */
static char *take_string(char **at) {
  char *start = ++*at, *to = start, *from = start;
  while (*from && *from != '"') {
    if (*from == '\\') {
      *to++ = unescape(from[1]);
      from += 2;
    } else {
      *to++ = *from++;
    }
  }
  *at = from + 1;
  *to = 0;
  return start;
}

static char *find(char *from, const char *key) {
  char *at = strstr(from, key);
  if (!at) give_up(key);
  return at + strlen(key);
}

static char **take_list(char **at) {
  static char *pool[2 * MAX_STRINGS];
  static size_t used;
  char **list = pool + used;
  while (**at != ']') {
    if (**at == ',') ++*at;
    if (used == 2 * MAX_STRINGS - 1) give_up("too many strings");
    pool[used++] = take_string(at);
  }
  pool[used++] = NULL;
  return list;
}

_Noreturn void execute(const char *cwd, char **args, char **env) {
  if (!args[0]) give_up("no args");
  if (chdir(cwd) < 0) give_up("cannot enter cwd");
  clearenv();
  for (; *env; env++) putenv(*env);
  execvp(args[0], args);
  dprintf(2, "Couldn't execute '%s' inside the vm: %s\n", args[0], strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

_Noreturn void run_guest(int root) {
  int plan = openat(root, "plan", O_RDONLY | O_CLOEXEC);
  if (plan >= 0) run_plan(plan);
  read_config();
  char *at = find(config, "\"cwd\":");
  const char *cwd = take_string(&at);
  at = find(at, "\"args\":[");
  char **args = take_list(&at);
  at = find(at, "\"env\":[");
  char **env = take_list(&at);
  execute(cwd, args, env);
}
