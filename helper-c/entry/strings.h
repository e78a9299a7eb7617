/*
 * Strings without libc, for the entry stub. A list of strings is a sequence of NUL-terminated strings that ends with an
 * empty one.
 */
#ifndef KAGO_ENTRY_STRINGS_H
#define KAGO_ENTRY_STRINGS_H

static inline unsigned long length(const char *text) {
  unsigned long n = 0;
  while (text[n]) n++;
  return n;
}

/* What follows the last slash. */
static inline const char *base_name(const char *path) {
  const char *name = path;
  for (; *path; path++)
    if (*path == '/') name = path + 1;
  return name;
}

static inline char *append(char *end, const char *text) {
  while (*text) *end++ = *text++;
  *end = 0;
  return end;
}

static inline char *append_number(char *end, unsigned long number) {
  char digits[24];
  char *first = digits + sizeof(digits) - 1;

  *first = 0;
  do *--first = '0' + number % 10;
  while (number /= 10);
  return append(end, first);
}

static inline unsigned long count_strings(const char *list) {
  unsigned long count = 0;
  for (; *list; list += length(list) + 1) count++;
  return count;
}

static inline unsigned long count_pointers(char **list) {
  unsigned long count = 0;
  while (list[count]) count++;
  return count;
}

static inline int starts_with(const char *text, const char *prefix) {
  while (*prefix)
    if (*text++ != *prefix++) return 0;
  return 1;
}

static inline int is_equal(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return *left == *right;
}

static inline int has_character(const char *characters, char c) {
  while (*characters && *characters != c) characters++;
  return *characters && c;
}

static inline int is_number(const char *text) {
  if (!*text) return 0;
  while (*text >= '0' && *text <= '9') text++;
  return !*text;
}

/* Of decimal digits. */
static inline unsigned long to_number(const char *digits) {
  unsigned long number = 0;
  while (*digits) number = number * 10 + (unsigned long)(*digits++ - '0');
  return number;
}

static inline int starts_with_in_any_case(const char *text, const char *capitals) {
  for (; *capitals; text++, capitals++)
    if (*text != *capitals && !(*text >= 'a' && *text <= 'z' && *text - 'a' + 'A' == *capitals)) return 0;
  return 1;
}

static inline int any_matches(const char *list, const char *text, int (*matches)(const char *text, const char *item)) {
  for (; *list; list += length(list) + 1)
    if (matches(text, list)) return 1;
  return 0;
}

#endif
