/* The guest of the double. */
#ifndef DOUBLE_GUEST_H
#define DOUBLE_GUEST_H

/* Becomes the process of the agent's plan in the folder `root`, or where there is none of /.krun_config.json; exits with
 * 125 to 127 when it cannot, as libkrun's guest init does. */
_Noreturn void run_guest(int root);

/* Why, on standard error. */
_Noreturn void give_up(const char *why);

/* Becomes the process of the plan that is open as `fd`. */
_Noreturn void run_plan(int fd);

/* Executes a program that is looked for as a shell does. */
_Noreturn void execute(const char *cwd, char **args, char **env);

/* The guest's port is to be a socket at `path`; and it is one from now on. */
void vsock_wanted(const char *path);
void vsock_open(void);

#endif
