/* The guest agent: the first program that libkrun's guest init starts in a microVM. It has all rights in the guest
 * and none outside. This header has the declarations that its files share. */
#ifndef KAGO_AGENT_H
#define KAGO_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "../common/context.h"

/* Exit codes that shells and engines know. */
enum { EXIT_SETUP_FAILED = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127, EXIT_BY_SIGNAL = 128 };

/* The cgroup of the container's processes in the guest. */
#define CONTAINER_CGROUP "/sys/fs/cgroup/container"

/* Where the agent's sockets are that replace the host's, before the plan binds them over the volumes. */
#define SOCKETS_FOLDER "/sockets"

/* Executes the plan in this process, including the exec of the program. On failure prints an error message to
 * standard error and exits with one of the exit codes above. Sends the master of a terminal through `sync`. */
_Noreturn void become(const struct plan *plan, int sync);

/* As become, for a process that the host executes: failures are reported through `sync`, as on the host. */
_Noreturn void become_tenant(const struct plan *plan, int sync);

/* The uid of the plan's setuid operation, which owns the program's pipes. */
uid_t plan_user(const struct plan *plan);

/* Does the plan contain this operation? */
bool plan_has(const struct plan *plan, enum opcode opcode);

/* The size of the terminal that op_guest_console opens. */
extern struct winsize console_size;

/* Moves this process to the cgroup at `folder`: 0 or -errno. */
int join_cgroup(const char *folder);

/* fork(2) with more flags of clone(2), and the child in the cgroup at `folder`: its pid, 0 in the child, or -errno. A
 * move takes a grace period of RCU, some 10 ms in a guest, where this takes none. */
pid_t clone_in_cgroup(const char *folder, uint64_t flags);

/* An interface's address and the gateway of its default route, in host byte order. */
struct card {
  uint32_t address, gateway;
  unsigned prefix;
};

/* Reads `ADDRESS/PREFIX GATEWAY`. */
bool parse_card(const char *text, struct card *card);

/* Brings up loopback, and the network card if the VMM has described one. Removes an address of libkrun's that hides
 * a network. 0 or -errno. */
int network_up(void);

/* Listens in place of each of the host's sockets that the plan names, which are below `root`: 0, or -errno and the
 * path of the socket that failed. */
int sockets_open(const struct plan *plan, const char *root, const char **path);

/* The exit code for a wait(2) status, like a shell's $?. */
int exit_code(int status);

/* The standard streams of the container's process: pipes or a terminal, relayed by a connection to the VMM. */
struct streams {
  bool terminal;
  int program[3]; /* the program's ends of the pipes, -1 with a terminal */
  int sync[2]; /* transfers the terminal's master, and failures, from the program's process */
  pid_t relay;
};

/* Connects to the VMM, and makes pipes if the plan has no terminal: 0 or -errno. */
int streams_open(struct streams *s, const struct plan *plan);
/* In the program's process: installs the pipes. */
int streams_enter(const struct streams *s);
/* In the agent, once the program's process exists: 0 or -errno. */
int streams_relay(struct streams *s, pid_t program);
/* After the program has ended: waits until the VMM has written all of its output. */
void streams_drain(const struct streams *s);

#endif
