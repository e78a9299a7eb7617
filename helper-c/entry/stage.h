/*
 * `kago --stage=…`, by which processes that kago starts name themselves, becomes a stage: a program of kago embedded in
 * the shim. It is executed as kago executes it (helper-c/shim/stage_image.c, helper-c/common/exec_hidden.c): from an
 * unreadable sealed memory file, with the caller's descriptors and variables.
 */
#ifndef KAGO_ENTRY_STAGE_H
#define KAGO_ENTRY_STAGE_H

#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "arch_x86_64.h"
#include "strings.h"

static inline int is_stage(const char *argument) {
  static const char option[] = "--stage";
  char end = starts_with(argument, option) ? argument[sizeof option - 1] : 'x';
  return end == 0 || end == '=';
}

/* Sets the file's mode, and an owner that no container's user namespace maps. */
static inline long hide_program(long fd) {
  long result = system_call(__NR_fchmod, fd, 0111, 0, 0);
  if (result < 0) return result;
  result = system_call(__NR_fchown, fd, -2, -2, 0);
  return result == -EINVAL || result == -EPERM ? 0 : result;
}

/* Returns only on failure: -errno. Two capabilities let root read every file, so they are dropped for the exec. */
static inline long execute_hidden(long fd, char **argv, char **envp) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2];
  long result = system_call(__NR_capget, (long)&head, (long)sets, 0, 0);
  if (result < 0) return result;
  sets[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
  result = system_call(__NR_capset, (long)&head, (long)sets, 0, 0);
  return result < 0 ? result : system_call_of_5(__NR_execveat, fd, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
}

#endif
