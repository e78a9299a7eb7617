/*   bare_vm ROOT PROGRAM [ARGUMENT]...
 *
 * Runs PROGRAM in a libkrun guest with one vCPU and 256 MiB whose root is ROOT: the calls of crun's handler krun, in
 * its order, without any container around them. A VMM's memory is compared with it; crun's own VMM, which has read a
 * config.json, takes about as much (docs/microvm.md has both). */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef int32_t function_t(); /* without a prototype, as dlsym(3) gives it */

static void *library;

static function_t *find(const char *name) {
  function_t *function;
  *(void **)&function = dlsym(library, name);
  return function;
}

static int check(const char *call, int result) {
  if (result < 0) fprintf(stderr, "%s: %d\n", call, result);
  return result;
}

int main(int argc, char **argv) {
  char *const environment[] = {NULL};
  if (argc < 3) return 2;
  library = dlopen("libkrun.so.1", RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
  const char *level = getenv("BARE_VM_LOG_LEVEL");
  check("krun_set_log_level", find("krun_set_log_level")(level ? atoi(level) : 1));
  int context = check("krun_create_ctx", find("krun_create_ctx")());
  check("krun_set_vm_config", find("krun_set_vm_config")(context, (uint8_t)1, 256));
  check("krun_set_root", find("krun_set_root")(context, argv[1]));
  check("krun_set_workdir", find("krun_set_workdir")(context, "/"));
  check("krun_set_exec", find("krun_set_exec")(context, argv[2], &argv[3], environment));
  check("krun_start_enter", find("krun_start_enter")(context));
  return 1; /* libkrun ends the process with the guest's exit code */
}
