/* The context of operations: the state of one stage. */
#ifndef KAGO_CONTEXT_H
#define KAGO_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel.h"
#include "plan.h"

enum { TREE_SLOTS = 128 };

/* The slots of krunOpen's files: first those that are loaded before libkrun, then libkrun's. */
enum { BEFORE_SLOT = 0, LIBRARY_SLOT = 14, LIBRARY_SLOTS = 16 };

/* The error for a mount over the container's root, which no process would see. No filesystem returns this errno. */
enum { ROOT_COVERED = EDOTDOT };

/* As in runtime/plan/op.ts: the stages of a container, including the agent's, and the stage of hooks that Main runs. */
enum stage { STAGE_INTERMEDIATE, STAGE_INIT, STAGE_VMM, STAGE_GUEST, STAGE_HOOK };

/* An operation's own finding (enum found of stage/failure.h) about one of its fields. Without one the errno is
 * sufficient. */
struct said {
  uint8_t field, found;
  const char *text; /* NULL for none */
};

struct context {
  const struct plan *plan;
  enum stage stage;
  int sync_fd; /* to Main: messages out, answers in */
  int listen_fd; /* where `start` connects, -1 under `run` */
  int target_fd; /* a pidfd of the container's Init (a microVM's: its VMM), -1 unless `exec` */
  int report_fd; /* where failures are reported now: Main, or the `start` that connected */
  int plan_fd; /* passed to the next stage */
  int root_fd; /* the container's root, -1 before openRoot */
  int door_fd; /* a microVM's: the door, -1 without an agent */
  int descriptors_mount; /* a VMM's: the id of the mount of its own /proc/self/fd, 0 for none */
  int run_fd; /* a VMM's: the directory of the agent's own socket, -1 before agentFiles */
  int vmm_fd; /* a microVM's: the VMM's program, -1 for a plain container */
  int agent_fd; /* a microVM's: the guest's own root, -1 before agentFiles */
  int proc_fd; /* a procfs that the container cannot change, -1 until needed */
  int libraries[LIBRARY_SLOTS]; /* a microVM's: the files of krunOpen, plus 1; 0 for none */
  int trees[TREE_SLOTS]; /* detached trees for binds, plus 1; 0 for none */
  int mask; /* the mount over the first masked directory, plus 1; 0 for none */
  char *states; /* Main's answer for hooks: states as JSON, each NUL-terminated, and another NUL at the end */
  struct said said; /* the failed operation's own finding */
  struct hook_output *output; /* the output of a failed hook, NULL for none (hook.h) */
  unsigned preserved; /* how many descriptors from 3 on the program inherits */
  struct filter_program hook_filter; /* the filter of hooks, of length 0 unless they have their own */
  unsigned hook_filter_flags;
  bool in_cwd; /* the working directory has been entered */
  bool is_ordinary_user; /* kago's caller is not root, so this process may become dumpable (op_dumpable) */
  const char *program; /* the result of findProgram */
  char home[4096 + 5]; /* "HOME=…", empty if not needed */
  char program_buffer[4096];
  const uint8_t *agent_program; /* the guest agent, NULL in programs without it */
  size_t agent_size;
  /* Runs `call(argument)` on every thread of the process; each returns 0 or -errno. */
  int (*on_all_threads)(struct context *c, int (*call)(void *), void *argument);
};

/* All descriptors of a stage; -1 for none. */
enum { STAGE_DESCRIPTORS = 11 + LIBRARY_SLOTS };
static inline void stage_descriptors(const struct context *c, int own[STAGE_DESCRIPTORS]) {
  const int single[STAGE_DESCRIPTORS - LIBRARY_SLOTS] = {c->sync_fd, c->listen_fd, c->target_fd, c->report_fd,
                                                         c->plan_fd, c->root_fd,   c->door_fd,   c->run_fd,
                                                         c->vmm_fd,  c->agent_fd,  c->proc_fd};
  for (int i = 0; i < STAGE_DESCRIPTORS - LIBRARY_SLOTS; i++) own[i] = single[i];
  for (int i = 0; i < LIBRARY_SLOTS; i++) own[STAGE_DESCRIPTORS - LIBRARY_SLOTS + i] = c->libraries[i] - 1;
}

/* An operation: 0, or -errno. `f` are its fields, indexed by `F_…` of ops.gen.h. */
typedef int operation(struct context *c, const struct field *f);

#define X(code, name, fields) operation op_##name;
OPERATIONS(X)
#undef X

/* The functions by opcode; NULL if this program lacks one. */
extern operation *const OPERATION_TABLE[OP_COUNT];

/* Closes all descriptors from `first` on that are not in `kept`: 0 or -errno. */
int close_all_but(unsigned first, const int *kept, int count);

/* Runs all operations of `c->stage`: 0, or -errno with the index of the failed one in *failed. */
int run_stage(struct context *c, uint32_t *failed);

#endif
