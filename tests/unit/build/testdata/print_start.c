/* A program for the entry stub's tests: prints how it was started, each record ended by NUL. With --bare PATH it starts
 * that program without any argument, not even argv[0]. */
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

/* The memory files that the loader names: the last three of its eight numbers. */
static void print_files(const char *loader) {
  unsigned long limits[5];
  int fds[3], found = 0;

  for (; *loader && found < 8; loader++)
    found = sscanf(loader, "%lu,%lu,%lu,%lu,%lu,%d,%d,%d", limits, limits + 1, limits + 2, limits + 3, limits + 4, fds,
                   fds + 1, fds + 2);
  if (found < 8) return;
  printf("softNofile:%lu%c", limits[0], 0);
  for (int i = 0; i < 3; i++) {
    char bytes[1024];
    long size = pread(fds[i], bytes, sizeof(bytes), 0);

    /* A NUL ends a record here, so those of the file become tabs. */
    for (int j = 0; j < size; j++)
      if (!bytes[j]) bytes[j] = '\t';
    printf("file:%d %#x %d %.*s%c", fds[i], fcntl(fds[i], F_GET_SEALS), fcntl(fds[i], F_GETFD), (int)size, bytes, 0);
  }
}

/* The size of the note in which a compiled program stores its data, found as denort finds it; 0 for none. */
static int find_note(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    const ElfW(Nhdr) *note = (const void *)(info->dlpi_addr + p->p_vaddr);
    if (p->p_type == PT_NOTE && !memcmp(note + 1, "SUI", 4)) *(unsigned *)found = note->n_descsz;
  }
  return 1;
}

/* What follows the environment on the stack, as the program would find it without the kernel's own copy. */
static unsigned long on_stack(unsigned long type) {
  char **end = environ;

  while (*end) end++;
  for (unsigned long *pair = (unsigned long *)(end + 1); pair[0]; pair += 2)
    if (pair[0] == type) return pair[1];
  return 0;
}

/* Of the executable, the first: does one of its segments, as the dynamic linker has them, hold this code? */
static int has_own_code(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    unsigned long at = (unsigned long)has_own_code - info->dlpi_addr - p->p_vaddr;
    if (p->p_type == PT_LOAD && p->p_flags & PF_X && at < p->p_memsz) return 1;
  }
  return -1;
}

int main(int argc, char **argv) {
  char folder[4096];
  unsigned note = 0;

  if (argc == 3 && !strcmp(argv[1], "--bare")) return execv(argv[2], (char *[]){NULL});
  printf("argc:%d%c", argc, 0);
  for (int i = 0; i < argc; i++) printf("argv:%s%c", argv[i], 0);
  printf("end:%d%c", argv[argc] == NULL, 0);
  for (char **variable = environ; *variable; variable++) printf("env:%s%c", *variable, 0);
  printf("getenv:%s%c", getenv("DENO_DIR"), 0);
  printf("auxv:%d%c", on_stack(AT_ENTRY) == getauxval(AT_ENTRY) && on_stack(AT_PAGESZ) == 4096, 0);
  printf("code:%d%c", dl_iterate_phdr(has_own_code, NULL), 0);
  dl_iterate_phdr(find_note, &note);
  printf("note:%u%c", note, 0);
  printf("cwd:%s%c", getcwd(folder, sizeof(folder)), 0);
  for (int i = 0; i < argc; i++) print_files(argv[i]);
  for (char **variable = environ; *variable; variable++) print_files(*variable);
  return 3;
}
