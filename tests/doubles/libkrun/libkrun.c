/* A double of libkrun for hosts without KVM. It records each call as a line of JSON, and its "guest" is a child of the
 * VMM process that runs what /.krun_config.json says, in the VMM's own root.
 *
 *   -DRECORD="PATH"      required: where the calls go; opened when the library is loaded, before any change of root
 *   -DABI_2              without the functions that libkrun 2.0 dropped
 *   -DCREATE_RESULT=-12, -DVM_CONFIG_RESULT=-22, -DSTART_RESULT=-22    what the call returns instead of doing its work
 *   -DINIT_IN_C          carries the message by which kago knows libkrun's guest init in C */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

static int record_fd = -1;
static void *firmware;

#ifdef INIT_IN_C
__attribute__((used)) static const char message_of_init[] = "Couldn't find object in config file";
#endif

__attribute__((constructor)) static void open_record(void) {
  record_fd = open(RECORD, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

int32_t krun_create_ctx(void) {
  dprintf(record_fd, "{\"call\":\"krun_create_ctx\",\"args\":[]}\n");
#ifdef CREATE_RESULT
  return CREATE_RESULT;
#else
  /* As libkrun: what is not found now is missed by krun_start_enter. */
  if (!firmware) firmware = dlopen("libkrunfw.so.5", RTLD_LAZY);
  return 0;
#endif
}

int32_t krun_set_vm_config(uint32_t ctx, uint8_t cpus, uint32_t ram_mib) {
  dprintf(record_fd, "{\"call\":\"krun_set_vm_config\",\"args\":[%u,%u,%u]}\n", ctx, cpus, ram_mib);
#ifdef VM_CONFIG_RESULT
  return VM_CONFIG_RESULT;
#else
  return 0;
#endif
}

#ifndef ABI_2
int32_t krun_set_root(uint32_t ctx, const char *path) {
  dprintf(record_fd, "{\"call\":\"krun_set_root\",\"args\":[%u,\"%s\"]}\n", ctx, path);
  return 0;
}

int32_t krun_set_log_level(uint32_t level) {
  dprintf(record_fd, "{\"call\":\"krun_set_log_level\",\"args\":[%u]}\n", level);
  return 0;
}
#endif

int32_t krun_start_enter(uint32_t ctx) {
  dprintf(record_fd, "{\"call\":\"krun_start_enter\",\"args\":[%u]}\n", ctx);
#ifdef START_RESULT
  return START_RESULT;
#else
  if (!firmware) return -ENOENT;
  int status;
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid == 0) run_guest();
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -errno;
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
#endif
}
