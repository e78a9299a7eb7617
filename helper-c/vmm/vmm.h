/* The VMM of a microVM: a program that Init executes before the pivot, while the host's libraries are still visible.
 * It loads libkrun, runs the plan's vmm stage, which includes the calls of libkrun, and boots the guest.
 *
 *   Init -- exec --> krunLoad, krunPasst -> the container's root, identity -> READY ... start -> krunCall ... krunEnter
 *
 * The plan describes the VM (executors/libkrun/vm_ops.ts). Nothing here reads JSON or makes a decision. */
#ifndef KAGO_VMM_H
#define KAGO_VMM_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../common/context.h"
#include "../stage/failure.h"

/* The two ABIs that kago calls: libkrun.so.1's and libkrun.so.2's. */
enum abi { ABI_1 = 1, ABI_2 = 2 };

enum { MAX_OBJECTS = 16 }; /* KRUN_OBJECTS in runtime/plan/op.ts */

struct vm {
  void *library;
  enum abi abi;
  uint32_t context; /* libkrun's number for the VM */
  int32_t result;   /* result that a call has stored for later ones */
  void *init_library;          /* libkrun 2's second library, NULL without it */
  void *objects[MAX_OBJECTS];  /* libkrun 2's, stored by calls for later ones */
  int passt;        /* our end of passt's socket, -1 without passt */
  bool isolated;    /* set by krunIsolate and krunPasst: the VMM makes no sockets for the guest (no TSI) */
  bool terminal;    /* set by vmmTerminal: the standard streams are a terminal */
  int messages;     /* descriptor for error messages */
};

extern struct vm vm;

/* Prints a message for the user, at most PIPE_BUF bytes. It is dropped if it would block. */
static inline void vmm_say(const char *text, size_t size) {
  struct pollfd fd = {.fd = vm.messages, .events = POLLOUT};
  if (poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) && write(vm.messages, text, size) < 0) errno = 0;
}

/* For the VMM's own threads: blocks all signals, which another thread handles, except SIGSYS, by which the jail
 * reports refused calls (trap.c). If SIGSYS were blocked, a refused call would end the VMM without its name. */
static inline void vmm_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGSYS);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* Returns `result` for an operation, and records a finding that explains the failure; `text` must stay valid. */
int vmm_fail(struct context *c, int result, uint8_t field, enum found found, const char *text);

/* A function of libkrun or of libkrun_init; NULL if there is none of that name. */
void *vmm_find(const char *name);

/* Returns an operation's error for a missing function. */
int vmm_lacks(struct context *c, const char *name);

/* Is the function in libkrun_init, libkrun 2's second library? */
bool krun_2_is_of_init(const char *name);

/* Calls a function of libkrun 2 with converted arguments, and stores the object that it creates as `keep`. 0 or
 * -errno, with libkrun's message. */
int krun_2_call(struct context *c, const char *name, const uint64_t *values, uint64_t keep);

/* Builds and boots the VM. Returns only on failure: -errno, and libkrun's message in *said. */
int krun_2_enter(void *builder, const char **said);

/* `ADDRESS/PREFIX GATEWAY` for the guest agent: the container's own address, which the guest behind passt also gets.
 * NULL if it has none. */
char *guest_card(void);

/* Starts `path` with /dev/null as its input and one end of a stream socket as its descriptor 3. Returns the other
 * end. `peer` gets its pid and two memory files, its standard error and its standard output. */
int vmm_spawn_peer(const char *path, char *const argv[], int32_t peer[3]);

/* Blocks until the agent has connected for the standard streams. From then on it listens on its own port
 * (agent/main.c). Before, libkrun cannot pass a connection on: while the guest's driver starts, it logs an error for
 * each, and before 1.19 it holds one to a port without a listener open for 5 s. */
void vmm_await_agent(void);

/* From now on forwards this process's signals to the guest agent whose socket is in the directory: 0 or -errno. */
int vmm_forward_signals(int folder);

/* From now on hands each client of `door` a connection to the agent whose socket is in the directory: 0 or -errno. */
int vmm_open_door(int door, int folder);

/* From now on relays the standard streams that op_vmm_streams has saved, if any: 0 or -errno. */
int vmm_relay_streams(void);

/* The guest's state: its streams are not relayed; the agent has not connected yet; it has; the process's exit code
 * has arrived. */
enum guest_end { GUEST_NONE, GUEST_BOOTS, GUEST_RUNS, GUEST_TOLD };
enum guest_end vmm_guest_end(void);

/* Writes what libkrun has logged to the pipe that replaces a terminal. */
void vmm_pass_log(void);

/* From now on serves the sockets in the guest's volumes to the agent whose socket is in the directory: 0 or -errno. */
int vmm_serve_sockets(int folder);

/* From now on reports changes in the watched volumes to the agent whose socket is in the directory: 0 or -errno. */
int vmm_watch(int folder);

/* Runs the plan's vmm stage on all threads of this process: 0, or -errno. `libraries` are the files of krunOpen by
 * slot, -1 for none. `result` gets the index of the failed operation, and the descriptor to which it was reported,
 * -1 for none. */
int vmm_run(int plan_fd, int sync_fd, int listen_fd, int root_fd, int door_fd, const int libraries[LIBRARY_SLOTS],
            int32_t result[2]);

#endif
