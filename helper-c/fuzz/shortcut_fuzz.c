/* libFuzzer's way into what the entry stub reads before anything else of kago's runs: the command line, and what is written
 * down beside a state. Built and run by scripts/fuzz.ts. Nothing is done that the lines ask for but to print the state. */
#include <stdint.h>
#include <string.h>

#include "../entry/shortcut.h" /* with the kernel's headers, beside which libc's are too many */

/* entry_point calls it, which is not where this program begins. */
__attribute__((used)) void enter(void) { __builtin_trap(); }

enum { MOST_WORDS = 12, MOST_BYTES = 8192 };

/* A folder with a state.json, and the begin of the lines that are about it. */
static int folder;
static char folder_path[64], begin[128];

static void prepare(void) {
  struct stat info;
  append_number(append(folder_path, "/tmp/kago_fuzz_"), (unsigned long)system_call(__NR_getpid, 0, 0, 0, 0));
  system_call(__NR_mkdir, (long)folder_path, 0700, 0, 0);
  folder = open_at(AT_FDCWD, folder_path, O_RDONLY | O_DIRECTORY);
  long file = system_call(__NR_openat, folder, (long)"state.json", O_WRONLY | O_CREAT, 0600);
  int nothing = open_at(AT_FDCWD, "/dev/null", O_WRONLY);
  if (folder < 0 || file < 0 || system_call(__NR_dup2, nothing, 1, 0, 0) != 1 || stat_of((int)file, &info) != 0)
    __builtin_trap();
  char *end = append(append_number(append(begin, "created "), info.st_ino), " 0 ");
  append(append_number(end, info.st_mtime * 1000 + info.st_mtime_nsec / 1000000), "\n");
  close_fd(file);
  close_fd(nothing);
}

__attribute__((destructor)) static void clean_up(void) {
  remove_in(folder, "state.json", 0);
  remove_in(AT_FDCWD, folder_path, AT_REMOVEDIR);
}

static void fuzz_lines(const char *text, size_t size) {
  static struct shortcut s;
  memset(&s, 0, sizeof s);
  s.folder = folder;
  char *end = append(s.text, begin);
  size_t room = sizeof s.text - (size_t)(end - s.text) - 1;
  memcpy(end, text, size < room ? size : room);
  if (read_lines(&s)) print_state(&s);
}

/* Words that end with NUL, as the kernel passes them on. */
static void fuzz_arguments(char *text, size_t size) {
  char *argv[MOST_WORDS + 2] = {"kago"}, *none[] = {0};
  struct shortcut_arguments arguments;
  text[size] = 0;
  char *at = text;
  for (int count = 1; at < text + size && count <= MOST_WORDS; count++) {
    /* Its file would be made. */
    if (starts_with(at, "--log") && !starts_with(at, "--log-format")) return;
    argv[count] = at;
    at += length(at) + 1;
  }
  if (read_shortcut_arguments(argv, none, &arguments) && length(arguments.folder) >= sizeof arguments.folder)
    __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char text[MOST_BYTES + 1];
  (void)take_shortcut; /* which does what the lines say */
  if (!*begin) prepare();
  if (size < 2 || size > MOST_BYTES) return 0;
  memcpy(text, data + 1, size - 1);
  text[size - 1] = 0;
  if (data[0] & 1) fuzz_arguments(text, size - 1);
  else fuzz_lines(text, length(text));
  return 0;
}
