/* The guest of the double. */
#ifndef DOUBLE_GUEST_H
#define DOUBLE_GUEST_H

#include <stddef.h>

/* Becomes the process of the agent's plan in the folder `root`, or where there is none of /.krun_config.json; exits with
 * 125 to 127 when it cannot, as libkrun's guest init does. */
_Noreturn void run_guest(int root);

/* What /.krun_config.json has in the guest, in place of the file. */
void config_given(const char *text, size_t size);

/* Makes the guest, in the last call before the VMM puts its streams aside; lets it run, and gives its exit code. */
void make_guest(int root);
int guest_code(void);

void start_idle_thread(void);

/* Why, on standard error. */
_Noreturn void give_up(const char *why);

/* Becomes the process of the plan that is open as `fd`. */
_Noreturn void run_plan(int fd);

/* Executes a program that is looked for as a shell does. */
_Noreturn void execute(const char *cwd, char **args, char **env);

/* The guest's port is to be a socket at `path`; and it is one from now on. */
void vsock_wanted(const char *path);
void vsock_open(void);

/* Where the VMM listens for the agent's streams; and the agent connects there, as it does before it starts the process. */
void streams_wanted(const char *path);
void agent_comes(void);

#endif
