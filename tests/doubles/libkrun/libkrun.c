/* A double of libkrun for hosts without KVM. It records each call as a line of JSON, and its "guest" is a child of the
 * VMM process that runs what /.krun_config.json says, or kago's plan for its agent, in the VMM's own root. The child is made
 * before the VMM is jailed, which makes none any more, and waits for krun_start_enter().
 *
 *   -DRECORD="PATH"      required: where the calls go; opened when the library is loaded, before any change of root
 *   -DFOLDER="PATH"      required: where a test's agent listens (vsock.c)
 *   -DEARLY_2            without the functions that libkrun 2 dropped at first
 *   -DCREATE_RESULT=-12, -DVM_CONFIG_RESULT=-22, -DSTART_RESULT=-22    what the call returns instead of doing its work
 *   -DWITHOUT_EXTRAS     without the functions that not every libkrun has
 *   -DFEATURE_RESULT=0   what krun_has_feature() returns; 1 by default
 *   -DINIT_IN_C          carries the message by which kago knows libkrun's guest init in C
 *   -DTAKEN_OVER         has no guest: krun_start_enter() does what /attack names, as a guest that has taken the VMM over */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "recorded.h"
#include "take_over.h"

static void *firmware;
__attribute__((unused)) static int guest_root = -1;

#ifdef INIT_IN_C
__attribute__((used)) static const char message_of_init[] = "Couldn't find object in config file";
#endif

int32_t krun_create_ctx(void) {
  dprintf(record_fd, "{\"call\":\"krun_create_ctx\",\"args\":[]}\n");
#ifdef CREATE_RESULT
  return CREATE_RESULT;
#else
  /* As libkrun: what is not found now is missed by krun_start_enter. */
  if (!firmware) firmware = dlopen("libkrunfw.so.5", RTLD_LAZY);
#ifdef TAKEN_OVER
  keep_host();
#endif
  start_idle_thread();
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

#ifndef EARLY_2
int32_t krun_set_root(uint32_t ctx, const char *path) {
  guest_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  dprintf(record_fd, "{\"call\":\"krun_set_root\",\"args\":[%u,\"%s\"]}\n", ctx, path);
  return 0;
}

int32_t krun_set_log_level(uint32_t level) {
  dprintf(record_fd, "{\"call\":\"krun_set_log_level\",\"args\":[%u]}\n", level);
#ifndef TAKEN_OVER
  make_guest(guest_root);
#endif
  return 0;
}
#endif

#ifndef WITHOUT_EXTRAS
static int32_t record_list(const char *call, uint32_t ctx, const char *const list[]) {
  dprintf(record_fd, "{\"call\":\"%s\",\"args\":[%u", call, ctx);
  for (; list && *list; list++) dprintf(record_fd, ",\"%s\"", *list);
  dprintf(record_fd, "]}\n");
  return 0;
}

int32_t krun_has_feature(uint64_t feature) {
  (void)feature;
#ifdef FEATURE_RESULT
  return FEATURE_RESULT;
#else
  return 1;
#endif
}

int32_t krun_check_nested_virt(void) { return krun_has_feature(0); }

int32_t krun_set_root_disk(uint32_t ctx, const char *path) {
  RECORD_CALL("krun_set_root_disk", "%u,\"%s\"", ctx, named(path));
  return 0;
}

int32_t krun_set_tee_config_file(uint32_t ctx, const char *path) {
  RECORD_CALL("krun_set_tee_config_file", "%u,\"%s\"", ctx, named(path));
  return 0;
}

int32_t krun_set_exec(uint32_t ctx, const char *path, const char *const argv[], const char *const envp[]) {
  RECORD_CALL("krun_set_exec", "%u,\"%s\"", ctx, path);
  record_list("krun_set_exec argv", ctx, argv);
  return record_list("krun_set_exec envp", ctx, envp);
}

int32_t krun_set_console_output(uint32_t ctx, const char *path) {
  RECORD_CALL("krun_set_console_output", "%u,\"%s\"", ctx, named(path));
  return 0;
}

int32_t krun_add_virtiofs2(uint32_t ctx, const char *tag, const char *path, uint64_t size) {
  RECORD_CALL("krun_add_virtiofs2", "%u,\"%s\",\"%s\",%llu", ctx, tag, named(path), (unsigned long long)size);
  return 0;
}

int32_t krun_add_virtiofs3(uint32_t ctx, const char *tag, const char *path, uint64_t size, _Bool read_only) {
  RECORD_CALL("krun_add_virtiofs3", "%u,\"%s\",\"%s\",%llu,%d", ctx, tag, named(path), (unsigned long long)size, read_only);
  return 0;
}

int32_t krun_add_virtiofs(uint32_t ctx, const char *tag, const char *path) {
  RECORD_CALL("krun_add_virtiofs", "%u,\"%s\",\"%s\"", ctx, tag, named(path));
  return 0;
}

int32_t krun_set_kernel(uint32_t ctx, const char *path, uint32_t format, const char *initrd, const char *cmdline) {
  RECORD_CALL("krun_set_kernel", "%u,\"%s\",%u,\"%s\",\"%s\"", ctx, named(path), format, named(initrd),
              cmdline ? cmdline : "NULL");
  return 0;
}

int32_t krun_add_disk2(uint32_t ctx, const char *id, const char *path, uint32_t format, _Bool read_only) {
  RECORD_CALL("krun_add_disk2", "%u,\"%s\",\"%s\",%u,%d", ctx, id, named(path), format, read_only);
  return 0;
}

int32_t krun_add_vsock_port2(uint32_t ctx, uint32_t port, const char *path, _Bool listening) {
  RECORD_CALL("krun_add_vsock_port2", "%u,%u,\"%s\",%d", ctx, port, named(path), listening);
  if (port == 1 && listening) vsock_wanted(path);
  if (port == 2 && !listening) streams_wanted(path);
  return 0;
}

int32_t krun_disable_implicit_vsock(uint32_t ctx) {
  RECORD_CALL("krun_disable_implicit_vsock", "%u", ctx);
  return 0;
}

int32_t krun_add_vsock(uint32_t ctx, uint32_t features) {
  RECORD_CALL("krun_add_vsock", "%u,%u", ctx, features);
  return 0;
}

int32_t krun_add_net_tap(uint32_t ctx, char *name, uint8_t *mac, uint32_t features, uint32_t flags) {
  RECORD_CALL("krun_add_net_tap", "%u,\"%s\",\"%02x:%02x:%02x:%02x:%02x:%02x\",%u,%u", ctx, name, mac[0], mac[1], mac[2],
              mac[3], mac[4], mac[5], features, flags);
  return 0;
}

int32_t krun_add_net_unixstream(uint32_t ctx, const char *path, int fd, uint8_t *mac, uint32_t features, uint32_t flags) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  RECORD_CALL("krun_add_net_unixstream", "%u,\"%s\",\"%.7s\",%d,%u,%u", ctx, named(path), named(link), mac[0], features,
              flags);
  return 0;
}

int32_t krun_set_port_map(uint32_t ctx, const char *const map[]) { return record_list("krun_set_port_map", ctx, map); }

int32_t krun_set_nested_virt(uint32_t ctx, _Bool enabled) {
  RECORD_CALL("krun_set_nested_virt", "%u,%d", ctx, enabled);
  return 0;
}

int32_t krun_set_gpu_options(uint32_t ctx, uint32_t flags) {
  RECORD_CALL("krun_set_gpu_options", "%u,%u", ctx, flags);
  return 0;
}

int32_t krun_add_virtio_console_multiport(uint32_t ctx) {
  RECORD_CALL("krun_add_virtio_console_multiport", "%u", ctx);
  return 3;
}

int32_t krun_add_console_port_inout(uint32_t ctx, uint32_t console, const char *name, int input, int output) {
  RECORD_CALL("krun_add_console_port_inout", "%u,%u,\"%s\",%d,%d", ctx, console, name, input, output);
  return 0;
}
#endif

int32_t krun_start_enter(uint32_t ctx) {
  dprintf(record_fd, "{\"call\":\"krun_start_enter\",\"args\":[%u]}\n", ctx);
#ifdef START_RESULT
  return START_RESULT;
#else
  if (!firmware) return -ENOENT;
#ifdef TAKEN_OVER
  agent_comes();
  take_over();
#endif
  vsock_open();
  int code = guest_code();
  /* The process has had the standard streams themselves: at its end there are none to relay. */
  agent_comes();
  if (code == 128 + SIGKILL) dprintf(2, "libkrun double: the guest was killed\n");
  _exit(code);
#endif
}
