/* The guest agent: the first program in a microVM after libkrun's guest init, with all rights over the guest and none
 * over anything else. What it shares between its files. */
#ifndef KAGO_AGENT_H
#define KAGO_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../common/context.h"

/* Exit codes that shells and engines know. */
enum { EXIT_SETUP_FAILED = 125, EXIT_CANNOT_EXECUTE = 126, EXIT_NOT_FOUND = 127, EXIT_BY_SIGNAL = 128 };

/* The cgroup of the container's processes in the guest. */
#define CONTAINER_CGROUP "/sys/fs/cgroup/container"

/* Runs the plan in this process, which becomes its program, or ends with one of the exit codes above and a sentence on
 * standard error. */
_Noreturn void become(const struct plan *plan);

/* As become, for a process of a session: what fails is told through `sync`, as on the host. */
_Noreturn void become_tenant(const struct plan *plan, int sync);

/* Whom the plan's setuid names: the owner of the program's pipes. */
uid_t plan_user(const struct plan *plan);

/* Puts this process into the container's cgroup: 0 or -errno. */
int join_cgroup(const char *folder);

/* An interface's address and the gateway of its default route, in host byte order. */
struct card {
  uint32_t address, gateway;
  unsigned prefix;
};

/* Reads `ADDRESS/PREFIX GATEWAY`. */
bool parse_card(const char *text, struct card *card);

/* Brings loopback up, and the card if the VMM has told of one; takes away an address of libkrun's that hides a network: 0 or
 * -errno. */
int network_up(void);

/* As a shell's $?: the exit code for a wait(2) status. */
int exit_code(int status);

/* The standard streams of a program, relayed: pipes for those that are not terminals, each with a process that copies
 * between it and this process's own. A port of the VM can be opened only once, so /dev/stdout would not work. */
struct stdio {
  int program[3]; /* what the program gets, -1 for our own */
  pid_t copiers[3];
};

/* Makes the pipes: 0 or -errno. */
int stdio_open(struct stdio *s, uid_t owner);
/* In the program's process: puts them in place. */
int stdio_enter(const struct stdio *s);
/* In the agent, once the program runs. */
void stdio_release(struct stdio *s);
/* Once the program has ended: waits until all that it wrote has been copied. */
void stdio_drain(const struct stdio *s);

#endif
