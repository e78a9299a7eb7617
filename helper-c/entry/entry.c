/*
 * The entry stub of the packed binary: turns the stock deno executable into kago. The packer
 * (scripts/build/npm_pack.ts) appends this code, its header and kago's program to the executable, sets the ELF entry
 * point to this code and removes PT_INTERP. So the kernel starts only this code, which maps the dynamic linker if Deno
 * is needed (interpreter.h).
 *
 * It is responsible for: the program, the shim and the caller's environment in memory files, the argv and environment
 * that deno sees, the commands that it carries out itself (shortcut.h), and the stages (stage.h). It does not contain
 * options, names of commands and variables; these come from the packer, as lists of strings (strings.h).
 * Freestanding: no libc, no writable data, no relocations.
 */
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/resource.h>

#include "arch_x86_64.h"
#include "header.gen.h"
#include "interpreter.h"
#include "shortcut.h"
#include "stage.h"
#include "strings.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 16
#endif
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
/* Above 0 to 2, in case those are closed, and above the descriptors that callers pass from 3 on (LISTEN_FDS). */
#define LOWEST_FD 64
#define MIB (1UL << 20)

/* Filled in by the packer. Defined in assembly, so that the compiler does not take the zeros for constants. */
extern const struct entry_header header __attribute__((visibility("hidden")));
__asm__(
    ".pushsection .header, \"a\"\n"
    ".globl header\n"
    "header: .zero " ENTRY_HEADER_SIZE
    "\n"
    ".popsection\n");

/* The parsed initial stack of a process. */
struct initial_stack {
  long argc;
  char **argv;
  char **envp;
  char **auxv; /* pairs of words, up to AT_NULL */
};

/* As runtime/common/errno.ts, for the errors to be expected here. */
static const char *error_text(long error) {
  switch (error) {
    case EPERM: return "operation not permitted (EPERM)";
    case ENOENT: return "no such file or directory (ENOENT)";
    case ENOEXEC: return "exec format error (ENOEXEC)";
    case ENOMEM: return "cannot allocate memory (ENOMEM)";
    case EACCES: return "permission denied (EACCES)";
    case EINVAL: return "invalid argument (EINVAL)";
    case ENFILE: return "too many open files in system (ENFILE)";
    case EMFILE: return "too many open files (EMFILE)";
    case ENOSPC: return "no space left on device (ENOSPC)";
    case ENOSYS: return "function not implemented (ENOSYS)";
    default: return "the kernel refuses it";
  }
}

static __attribute__((noreturn)) void end_with(const char *message, const char *end) {
  system_call(__NR_write, 2, (long)message, end - message, 0);
  for (;;) system_call(__NR_exit_group, 1, 0, 0, 0);
}

static __attribute__((noreturn)) void fail(const char *what, long error) {
  char message[160];
  char *end = append(append(message, "kago: cannot start: "), what);

  end_with(message, append(append(append(end, ": "), error_text(-error)), "\n"));
}

static const char *in_image(unsigned long offset) { return (const char *)&header + offset; }

/* The address in memory that corresponds to `address` in the executable's own tables. */
static unsigned long loaded(unsigned long address) { return (unsigned long)&header - header.image_address + address; }

static struct initial_stack take_apart(long *stack) {
  struct initial_stack old = {.argc = stack[0], .argv = (char **)(stack + 1)};

  old.envp = old.argv + old.argc + 1;
  old.auxv = old.envp + count_pointers(old.envp) + 1;
  return old;
}

/* `use` is MFD_NOEXEC_SEAL or, for a program, MFD_EXEC. */
static long open_memory_file(long use) {
  long flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  /* vm.memfd_noexec=2 requires the flag; kernels before 6.3 do not know it. Libraries can be loaded either way. */
  long fd = system_call(__NR_memfd_create, (long)"kago", flags | use, 0, 0);

  if (fd == -EINVAL) fd = system_call(__NR_memfd_create, (long)"kago", flags, 0, 0);
  if (fd < 0) fail("memfd_create", fd);
  return fd;
}

static long move_up(long low) {
  long fd = system_call(__NR_fcntl, low, F_DUPFD_CLOEXEC, LOWEST_FD, 0);
  /* EINVAL: the limit on open files is lower. Then any number will do, except the standard streams'. */
  if (fd == -EINVAL) fd = system_call(__NR_fcntl, low, F_DUPFD_CLOEXEC, 3, 0);
  if (fd < 0) fail("fcntl F_DUPFD_CLOEXEC", fd);
  system_call(__NR_close, low, 0, 0, 0);
  return fd;
}

static int asks_for_microvm(const struct initial_stack *old) {
  for (long i = 0; i < old->argc; i++)
    if (any_matches(in_image(header.microvm_words_offset), i ? old->argv[i] : base_name(old->argv[i]), is_equal))
      return 1;
  return 0;
}

/*
 * Reading the program is a large part of a command's time, so most commands have a small program. The first argument
 * that is the name of a command decides: in `exec ID ps`, that is not ps. An option's value that only looks like a
 * command does no harm: every program falls back to the whole one.
 */
static const struct entry_part *choose_program(const struct initial_stack *old) {
  for (long i = 1; i < old->argc; i++) {
    if (any_matches(in_image(header.quick_commands_offset), old->argv[i], is_equal)) return &header.quick;
    if (any_matches(in_image(header.exec_commands_offset), old->argv[i], is_equal)) return &header.exec;
    if (any_matches(in_image(header.other_commands_offset), old->argv[i], is_equal)) break;
  }
  return asks_for_microvm(old) ? &header.microvm : &header.create;
}

static void write_all(long fd, const char *bytes, unsigned long size) {
  for (unsigned long written = 0; written < size;) {
    long result = system_call(__NR_write, fd, (long)(bytes + written), size - written, 0);
    if (result <= 0) fail("write to a memory file", result);
    written += result;
  }
}

/* From now on the file cannot be changed. */
static long seal(long fd) {
  long result = system_call(__NR_fcntl, fd, F_ADD_SEALS, ALL_SEALS, 0);

  if (result < 0) fail("fcntl F_ADD_SEALS", result);
  return fd;
}

/* Writes a part of the image to a sealed memory file. */
static long place(const struct entry_part *part, long use) {
  long fd = move_up(open_memory_file(use));

  write_all(fd, in_image(part->offset), part->size);
  return seal(fd);
}

/*
 * Stores the caller's variables, each NUL-terminated, in a file for ffi/environment.ts. Deno gets none of them: by
 * HOME, a caller could choose a .npmrc, which Deno reads before any of our code runs; others name files that Deno
 * writes.
 */
static long place_environment(char **variables) {
  long fd = move_up(open_memory_file(MFD_NOEXEC_SEAL));

  while (*variables) {
    char **first = variables;
    unsigned long size = 0;
    /* They are usually contiguous, and are then written by one call. */
    do size += length(*variables++) + 1;
    while (*variables == *first + size);
    write_all(fd, *first, size);
  }
  return seal(fd);
}

/* Before the caller's attributes are changed, because the stages pass them on. */
static __attribute__((noreturn, noinline)) void become_stage(const struct initial_stack *old) {
  const struct entry_part *program = is_equal(old->argv[1], "--stage=vmm") ? &header.vmm : &header.stage;
  long fd = place(program, MFD_EXEC);
  long result = hide_program(fd);

  if (result == 0) result = execute_hidden(fd, old->argv, old->envp);
  fail("execute a stage", result);
}

static void check_proc(void) {
  long result = system_call(__NR_access, (long)"/proc/self/fd", 0, 0, 0);

  if (result < 0) fail("access /proc/self/fd, is /proc mounted?", result);
}

/* Some callers ignore SIGCHLD. The kernel would then reap our children itself, and their status would be lost. */
static void wait_for_children(void) {
  const unsigned long defaults[4] = {0};

  system_call(__NR_rt_sigaction, 17 /* SIGCHLD */, (long)defaults, 0, 8);
}

/* Deno refuses to start in a deleted directory, where state, kill and delete are still useful. */
static void leave_deleted_folder(void) {
  char path[4096];

  if (system_call(__NR_getcwd, (long)path, sizeof(path), 0, 0) == -ENOENT) system_call(__NR_chdir, (long)"/", 0, 0, 0);
}

/* Deno raises the soft limit on open files to the hard limit; containers must not inherit that. */
static unsigned long soft_nofile(void) {
  struct rlimit64 limit;
  long result = system_call(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit);

  if (result < 0) fail("prlimit RLIMIT_NOFILE", result);
  return limit.rlim_cur;
}

static __attribute__((noreturn)) void refuse_limit(const char *what, unsigned long least) {
  char message[160];
  char *end = append(append(message, "kago: cannot start: the limit on "), what);

  end_with(message, append(append_number(append(end, " is too low, kago needs "), least >> 10), " KiB\n"));
}

/*
 * Deno is killed by a signal if a limit is too low, so a soft limit below `enough` is raised as far as the hard limit
 * allows. Returns the old limit, for the container's processes, or RLIM64_INFINITY if it is unchanged.
 */
static unsigned long raise_limit(int resource, unsigned long enough, unsigned long least, const char *what) {
  struct rlimit64 limit;
  long result = system_call(__NR_prlimit64, 0, resource, 0, (long)&limit);
  unsigned long before = limit.rlim_cur;

  if (result < 0) fail("prlimit", result);
  if (before >= enough) return RLIM64_INFINITY;
  if (limit.rlim_max < least) refuse_limit(what, least);
  limit.rlim_cur = limit.rlim_max < enough ? limit.rlim_max : enough;
  result = system_call(__NR_prlimit64, 0, resource, (long)&limit, 0);
  if (result < 0) fail("prlimit", result);
  return before;
}

/*
 * Writes the module that deno runs: a data: URL that consists of the packer's pieces, with a number after each except
 * the last. `report` is the connection on which a started container reports why its program does not run; 0 for none.
 */
static void write_loader(char *loader, const struct initial_stack *old, unsigned long soft_stack, long report) {
  const struct entry_part *program = choose_program(old);
  const char *piece = in_image(header.loader_offset);
  unsigned long numbers[8] = {soft_nofile(), soft_stack, [4] = report};

  /* Before the files, which are subject to the limits too. V8 reserves more virtual memory than it ever uses. */
  numbers[2] = raise_limit(RLIMIT_FSIZE, RLIM64_INFINITY, 64 * MIB, "the size of files (ulimit -f)");
  numbers[3] = raise_limit(RLIMIT_AS, RLIM64_INFINITY, 40960 * MIB, "virtual memory (ulimit -v)");
  numbers[5] = place_environment(old->envp);
  numbers[6] = place(&header.shim, MFD_NOEXEC_SEAL);
  numbers[7] = place(program, MFD_NOEXEC_SEAL);
  for (int i = 0; i < 8; i++) {
    loader = append_number(append(loader, piece), numbers[i]);
    piece += length(piece) + 1;
  }
  append(loader, piece);
}

/* Is it a directory that only root can write? Otherwise another user could make kago execute its bytecode. */
static int is_private_folder(const char *path) {
  struct stat info;

  return system_call(__NR_newfstatat, AT_FDCWD, (long)path, (long)&info, AT_SYMLINK_NOFOLLOW) == 0 &&
         (info.st_mode & 0170000) == 0040000 && info.st_uid == 0 && !(info.st_mode & 0022);
}

/* Creates missing directories of the cache: 1 if it can be used. */
static int has_cache(void) {
  if (system_call(__NR_geteuid, 0, 0, 0, 0) != 0) return 0;
  for (const char *folder = in_image(header.cache_folders_offset); *folder; folder += length(folder) + 1) {
    system_call(__NR_mkdir, (long)folder, 0700, 0, 0);
    if (!is_private_folder(folder)) return 0;
  }
  return 1;
}

/*
 * Ends the process if the command is done. Else returns the connection on which a failed start is reported, or 0. A
 * separate function, so that its frame is gone when the program starts.
 */
static __attribute__((noinline)) long try_shortcut(const struct initial_stack *old) {
  struct shortcut_arguments arguments;
  int report = -1;

  if (!read_shortcut_arguments(old->argv, old->envp, &arguments)) return 0;
  switch (take_shortcut(&arguments, &report)) {
    case SHORTCUT_DONE:
      for (;;) system_call(__NR_exit_group, 0, 0, 0, 0);
    case SHORTCUT_CUT:
      for (;;) system_call(__NR_exit_group, 1, 0, 0, 0);
    case SHORTCUT_FAILED: return move_up(report);
    default: return 0;
  }
}

static char **put_strings(char **to, const char *list) {
  for (; *list; list += length(list) + 1) *to++ = (char *)list;
  return to;
}

static char **put_arguments(char **to, const struct initial_stack *old, const char *options, char *loader) {
  to = put_strings(to, options);
  *to++ = loader;
  for (long i = 1; i < old->argc; i++) *to++ = old->argv[i];
  *to++ = 0;
  return to;
}

/* The values that the kernel sets with PT_INTERP. */
static void put_auxv(char **to, char **from, const struct interpreter *linker) {
  for (; from[0]; from += 2, to += 2) {
    to[0] = from[0];
    to[1] = from[1];
    switch ((long)from[0]) {
      case AT_BASE: to[1] = (char *)linker->base; break;
      case AT_ENTRY: to[1] = (char *)loaded(header.entry_address); break;
      case AT_PHDR: to[1] = (char *)in_image(header.program_headers_offset); break;
    }
  }
  to[0] = to[1] = 0;
}

/* Deno's variables, and the caller's LD_LIBRARY_PATH. */
static char **put_variables(char **to, const char *list, char **callers) {
  to = put_strings(to, list);
  for (; *callers; callers++)
    if (starts_with(*callers, "LD_LIBRARY_PATH=")) {
      *to++ = *callers;
      break;
    }
  *to++ = 0;
  return to;
}

/* Called by entry_point. Pointers that outlive this function's frame are safe: the new stack begins below it. */
__attribute__((noreturn, used)) void enter(long *stack) {
  struct initial_stack old = take_apart(stack);
  struct interpreter linker;
  char loader[ENTRY_LOADER_MAX];

  if (old.argc > 1 && is_stage(old.argv[1])) become_stage(&old);
  /* Other processes must not access a runtime's memory, nor its open files through /proc. */
  system_call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0);
  /* Before the stack is used. */
  unsigned long soft_stack = raise_limit(RLIMIT_STACK, 8 * MIB, MIB, "the stack (ulimit -s)");
  long report = try_shortcut(&old);
  int cached = has_cache();
  const char *options = in_image(cached ? header.cached_options_offset : header.options_offset);
  const char *variables = in_image(cached ? header.cached_variables_offset : header.variables_offset);
  unsigned long words = count_strings(options) + old.argc + count_strings(variables);
  char **block, **envp, **auxv;

  for (char **aux = old.auxv; aux[0]; aux += 2) words += 2;
  /* Also: argc, the loader, the NULL after argv, another variable and the NULL after them, AT_NULL's pair,
   * alignment. */
  block = __builtin_alloca((words + 9) * sizeof(*block));
  block = (char **)(((unsigned long)block + 15) & ~15UL);

  check_proc();
  leave_deleted_folder();
  wait_for_children();
  write_loader(loader, &old, soft_stack, report);
  envp = put_arguments(block + 1, &old, options, loader);
  block[0] = (char *)(envp - (block + 1) - 1);
  auxv = put_variables(envp, variables, old.envp);
  long result = load_interpreter(in_image(header.interpreter_offset), &linker);
  if (result < 0) fail("map the dynamic linker", result);
  put_auxv(auxv, old.auxv, &linker);
  start_program(linker.entry, block);
}
