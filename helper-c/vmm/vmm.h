/* The VMM of a microVM: a program of its own, which Init becomes before the pivot, while the host's libraries are in
 * sight. It loads libkrun, runs the vmm stage of the plan, of which the calls of libkrun are a part, and boots the guest.
 *
 *   Init -- exec --> krunLoad, krunPasst -> the container's root, identity -> READY ... start -> krunCall ... krunEnter
 *
 * What a VM consists of is the plan's to say (executors/libkrun/vm_ops.ts). Nothing here reads JSON or makes a choice. */
#ifndef KAGO_VMM_H
#define KAGO_VMM_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../common/context.h"
#include "../stage/failure.h"

/* The two tables of functions that kago calls: libkrun.so.1's and libkrun.so.2's. */
enum abi { ABI_1 = 1, ABI_2 = 2 };

enum { MAX_OBJECTS = 16 }; /* KRUN_OBJECTS in runtime/plan/op.ts */

struct vm {
  void *library;
  enum abi abi;
  uint32_t context; /* libkrun's number for the VM */
  int32_t result;   /* that a call has kept for later ones */
  void *init_library;          /* libkrun 2's second one, NULL without it */
  void *objects[MAX_OBJECTS];  /* of libkrun 2, that calls have kept for later ones */
  int passt;        /* our end of passt's socket, -1 without passt */
  bool isolated;    /* krunIsolate or krunPasst says so: no sockets of the host in the guest's place */
  bool terminal;    /* vmmTerminal says so: the standard streams are one */
  int messages;     /* where its own last words go */
};

extern struct vm vm;

/* Tells the user something, in at most PIPE_BUF bytes. What nobody takes is dropped: no thread is held up by it. */
static inline void vmm_say(const char *text, size_t size) {
  struct pollfd fd = {.fd = vm.messages, .events = POLLOUT};
  if (poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) && write(vm.messages, text, size) < 0) errno = 0;
}

/* In a thread of the VMM's own: signals are for the one that waits for them, but SIGSYS, by which the jail says what it refuses
 * (trap.c): where it is blocked, a refused call ends the VMM without its name. */
static inline void vmm_block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigdelset(&all, SIGSYS);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* For an operation to return: `result`, of which a failure's finding says more; the text has to last. */
int vmm_fail(struct context *c, int result, uint8_t field, enum found found, const char *text);

/* A function of libkrun's, or of the library beside it; NULL when it has none of that name. */
void *vmm_find(const char *name);

/* For an operation to return when there is none. */
int vmm_lacks(struct context *c, const char *name);

/* Is the function in the library beside libkrun 2? */
bool krun_2_is_of_init(const char *name);

/* Calls a function of libkrun 2's, whose arguments are converted; what it makes becomes the object `keep`. 0 or -errno, with
 * what libkrun says of it. */
int krun_2_call(struct context *c, const char *name, const uint64_t *values, uint64_t keep);

/* Boots the VM of this builder. Comes back if that fails, with -errno and *said, what libkrun says of it. */
int krun_2_enter(void *builder, const char **said);

/* For the guest agent, `ADDRESS/PREFIX GATEWAY`: the container's own address, which its guest behind passt gets; NULL when
 * it has none. */
char *guest_card(void);

/* Starts `path` with /dev/null as its input and one end of a stream socket as its descriptor 3: the other end. `peer` gets
 * its pid and two memory files, its standard error and its standard output. */
int vmm_spawn_peer(const char *path, char *const argv[], int32_t peer[3]);

/* From now on hands signals to this process to the guest agent whose socket is in the folder: 0 or -errno. */
int vmm_forward_signals(int folder);

/* From now on gives whoever connects to `door` a connection to the agent whose socket is in the folder: 0 or -errno. */
int vmm_open_door(int door, int folder);

/* From now on relays the standard streams that op_vmm_streams has put aside, if it has: 0 or -errno. */
int vmm_relay_streams(void);

/* What is known of the guest: none whose streams are relayed; no agent has come yet; one has; its process's exit code has. */
enum guest_end { GUEST_NONE, GUEST_BOOTS, GUEST_RUNS, GUEST_TOLD };
enum guest_end vmm_guest_end(void);

/* Writes what libkrun has logged so far and is still in the pipe that stands for a terminal. */
void vmm_pass_log(void);

/* From now on serves the sockets among the guest's volumes to the agent whose socket is in the folder: 0 or -errno. */
int vmm_serve_sockets(int folder);

/* From now on tells the agent whose socket is in the folder what changes in the watched volumes: 0 or -errno. */
int vmm_watch(int folder);

/* Runs the vmm stage of the plan in this process, on all its threads: 0, or -errno. `libraries` are the files of krunOpen by
 * their slots, -1 for none. `result` gets the failing operation's index, and who has been told of it, -1 when nobody listens. */
int vmm_run(int plan_fd, int sync_fd, int listen_fd, int root_fd, int door_fd, const int libraries[LIBRARY_SLOTS],
            int32_t result[2]);

#endif
