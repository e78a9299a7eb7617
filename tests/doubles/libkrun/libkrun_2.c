/* A double of libkrun 2 with the functions that kago calls, and only those. It records each call as a line of JSON, names
 * objects by their kinds, and refuses an object of another kind than the function takes, or that has been used up. Its guest is
 * that of the double of 1.x (libkrun.c), made in krun_init_log(), the last call before the VMM puts its streams aside.
 *
 *   -DRECORD, -DFOLDER, -DTAKEN_OVER    as in libkrun.c
 *   -DVCPUS_ERROR="…", -DBUILD_ERROR="…"    the call fails, and says so
 *   -DWITHOUT_BLK        without the functions of a build without the feature
 *   -DWITHOUT_C          with none: built without FFI=1 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "libkrun_2.h"
#include "recorded.h"
#include "take_over.h"

#ifndef WITHOUT_C
static const uint64_t FAILED = (uint64_t)16777217 << 32 | 1;
static const uint32_t WRITER = 16777228;

static int guest_root = -1;
static void *firmware;

static void *thing(const char *kind) {
  struct thing *made = calloc(1, sizeof *made);
  if (made) made->kind = kind;
  return made;
}

static void require(void *object, const char *kind, const char *function) {
  const struct thing *found = object;
  if (found && found->kind && !strcmp(found->kind, kind)) return;
  dprintf(2, "libkrun double: %s() takes a %s, not a %s\n", function, kind, found && found->kind ? found->kind : "(none)");
  _exit(125);
}

/* libkrun takes it: whoever names it again is wrong. */
static void use_up(void *object) { ((struct thing *)object)->kind = NULL; }

static uint64_t fail(void **error, const char *text) {
  struct thing *made = thing("error");
  snprintf(made->text, sizeof made->text, "%s", text);
  *error = made;
  return FAILED;
}

void krun_error_message(void *error, struct writer *writer) {
  require(error, "error", "krun_error_message");
  const char *text = ((struct thing *)error)->text;
  if (writer->type_tag != WRITER || writer->table_size != sizeof *writer->table) give_up("not a writer of libkrun's");
  /* In two pieces, as a formatter does. */
  writer->table->push(writer->own, (struct span){text, 3});
  writer->table->push(writer->own, (struct span){text + 3, strlen(text + 3)});
}

void krun_error_destroy(void *error) {
  require(error, "error", "krun_error_destroy");
  free(error);
}

uint64_t krun_init_log(int target, uint32_t level, uint32_t style, uint32_t options, void **error) {
  (void)error;
  RECORD_CALL("krun_init_log", "%d,%u,%u,%u", target, level, style, options);
#ifndef TAKEN_OVER
  make_guest(guest_root);
#endif
  return 0;
}

bool krun_check_nested_virt(void) { return true; }

void *krun_payload_load_krunfw(void **error) {
  RECORD_CALL("krun_payload_load_krunfw", "%s", "");
  if (!firmware) firmware = dlopen("libkrunfw.so.5", RTLD_LAZY);
  if (!firmware) return fail(error, "file not found"), NULL;
#ifdef TAKEN_OVER
  keep_host();
#endif
  start_idle_thread();
  return thing("payload");
}

void *krun_payload_load_external(struct span path, uint32_t format, struct span initrd, struct span cmdline, void **error) {
  (void)error;
  RECORD_CALL("krun_payload_load_external", "\"%s\",%u,\"%s\",\"%s\"", named(path.data), format, named(initrd.data),
              cmdline.data ? cmdline.data : "NULL");
  firmware = &firmware;
  return thing("payload");
}

void krun_payload_append_cmdline(void *payload, struct span extra) {
  require(payload, "payload", "krun_payload_append_cmdline");
  RECORD_CALL("krun_payload_append_cmdline", "\"%.*s\"", (int)extra.len, extra.data);
}

void krun_payload_destroy(void *payload) {
  require(payload, "payload", "krun_payload_destroy");
  free(payload);
}

void *krun_fs_overlay_new(void) { return thing("overlay"); }

uint64_t krun_fs_overlay_add_file(void *overlay, struct span path, struct span data, uint32_t mode, bool one_shot, void **error) {
  (void)error;
  require(overlay, "overlay", "krun_fs_overlay_add_file");
  RECORD_CALL("krun_fs_overlay_add_file", "\"%.*s\",%u,%d", (int)path.len, path.data, mode, one_shot);
  if (path.len == 18 && !memcmp(path.data, "/.krun_config.json", 18)) config_given(data.data, data.len);
  return 0;
}

void *krun_fs_device_new(struct span tag, struct span path, void **error) {
  (void)error;
  RECORD_CALL("krun_fs_device_new", "\"%.*s\",\"%s\"", (int)tag.len, tag.data, named(path.data));
  if (tag.len == 9 && !memcmp(tag.data, "/dev/root", 9)) guest_root = open(path.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return thing("fs");
}

void krun_fs_device_set_overlay(void *device, void *overlay) {
  require(device, "fs", "krun_fs_device_set_overlay");
  require(overlay, "overlay", "krun_fs_device_set_overlay");
  use_up(overlay);
}

void krun_fs_device_set_dax_window_size(void *device, uint64_t bytes) {
  require(device, "fs", "krun_fs_device_set_dax_window_size");
  RECORD_CALL("krun_fs_device_set_dax_window_size", "%llu", (unsigned long long)bytes);
}

void *krun_console_device_builder(void) { return thing("console builder"); }

uint64_t krun_console_builder_add_default_console(void *builder, int in, int out, int err, void **error) {
  (void)error;
  require(builder, "console builder", "krun_console_builder_add_default_console");
  RECORD_CALL("krun_console_builder_add_default_console", "%d,%d,%d", in, out, err);
  return 0;
}

void *krun_console_builder_build(void *builder, void **error) {
  (void)error;
  require(builder, "console builder", "krun_console_builder_build");
  use_up(builder);
  return thing("console");
}

void *krun_rng_device_new(void **error) {
  (void)error;
  return thing("rng");
}

void *krun_balloon_device_new(void **error) {
  (void)error;
  return thing("balloon");
}

void *krun_vsock_device_new(uint64_t cid, uint32_t tsi, void **error) {
  (void)error;
  RECORD_CALL("krun_vsock_device_new", "%llu,%u", (unsigned long long)cid, tsi);
  return thing("vsock");
}

void krun_vsock_device_add_unix_port(void *device, uint32_t port, struct span path, bool listening) {
  require(device, "vsock", "krun_vsock_device_add_unix_port");
  RECORD_CALL("krun_vsock_device_add_unix_port", "%u,\"%s\",%d", port, named(path.data), listening);
  if (port == 1 && listening) vsock_wanted(path.data);
  if (port == 2 && !listening) streams_wanted(path.data);
}

uint64_t krun_vsock_device_add_port_forward(void *device, struct span mapping, void **error) {
  (void)error;
  require(device, "vsock", "krun_vsock_device_add_port_forward");
  RECORD_CALL("krun_vsock_device_add_port_forward", "\"%.*s\"", (int)mapping.len, mapping.data);
  return 0;
}

#ifndef WITHOUT_BLK
void *krun_block_device_new(struct span id, struct span path, uint32_t format, void **error) {
  (void)error;
  RECORD_CALL("krun_block_device_new", "\"%.*s\",\"%s\",%u", (int)id.len, id.data, named(path.data), format);
  return thing("block");
}

void krun_block_device_set_read_only(void *device, bool read_only) {
  require(device, "block", "krun_block_device_set_read_only");
  RECORD_CALL("krun_block_device_set_read_only", "%d", read_only);
}
#endif

static void record_card(const char *call, const char *what, struct span mac, uint32_t features) {
  const unsigned char *byte = (const unsigned char *)mac.data;
  if (mac.len != 6) give_up("a MAC that is not one");
  dprintf(record_fd, "{\"call\":\"%s\",\"args\":[\"%s\",\"%02x:%02x:%02x:%02x:%02x:%02x\",%u]}\n", call, what, byte[0], byte[1],
          byte[2], byte[3], byte[4], byte[5], features);
}

void *krun_net_device_new_unixstream_fd(struct span id, int fd, struct span mac, uint32_t features, uint32_t flags, void **error) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char kind[8];
  snprintf(kind, sizeof kind, "%.7s", named(link));
  if (flags != 0 || id.len != 4) return fail(error, "not the flags of kago"), NULL;
  record_card("krun_net_device_new_unixstream_fd", kind, mac, features);
  return thing("net");
}

void *krun_net_device_new_tap(struct span id, struct span tap, struct span mac, uint32_t features, void **error) {
  if (id.len != 4) return fail(error, "not the name of kago"), NULL;
  record_card("krun_net_device_new_tap", tap.data, mac, features);
  return thing("net");
}

void *krun_mmio_device_manager_new(void) { return thing("devices"); }

void krun_mmio_device_manager_add(void *devices, void *device) {
  require(devices, "devices", "krun_mmio_device_manager_add");
  const struct thing *added = device;
  if (!added || !added->kind) give_up("a device that has been added already, or is none");
  RECORD_CALL("krun_mmio_device_manager_add", "\"%s\"", added->kind);
  use_up(device);
}

/* A builder's function takes it, and puts another in its place. */
static void renew(void **builder, const char *function) {
  require(*builder, "builder", function);
  use_up(*builder);
  *builder = thing("builder");
}

void *krun_vmm_builder_new(void) { return thing("builder"); }

uint64_t krun_vmm_builder_vcpus(void **builder, uint8_t count, void **error) {
  renew(builder, "krun_vmm_builder_vcpus");
  RECORD_CALL("krun_vmm_builder_vcpus", "%u", count);
#ifdef VCPUS_ERROR
  return fail(error, VCPUS_ERROR);
#else
  (void)error;
  return 0;
#endif
}

uint64_t krun_vmm_builder_ram_mib(void **builder, uint32_t mib, void **error) {
  (void)error;
  renew(builder, "krun_vmm_builder_ram_mib");
  RECORD_CALL("krun_vmm_builder_ram_mib", "%u", mib);
  return 0;
}

void krun_vmm_builder_payload(void **builder, void *payload) {
  renew(builder, "krun_vmm_builder_payload");
  require(payload, "payload", "krun_vmm_builder_payload");
  use_up(payload);
}

void krun_vmm_builder_devices(void **builder, void *devices) {
  renew(builder, "krun_vmm_builder_devices");
  require(devices, "devices", "krun_vmm_builder_devices");
  use_up(devices);
}

void krun_vmm_builder_nested_virt(void **builder, bool enabled) {
  renew(builder, "krun_vmm_builder_nested_virt");
  RECORD_CALL("krun_vmm_builder_nested_virt", "%d", enabled);
}

void *krun_vmm_builder_build(void **builder, void **error) {
  require(*builder, "builder", "krun_vmm_builder_build");
  use_up(*builder);
  RECORD_CALL("krun_vmm_builder_build", "%s", "");
#ifdef BUILD_ERROR
  return fail(error, BUILD_ERROR), NULL;
#else
  (void)error;
  return thing("vmm");
#endif
}

void krun_vmm_run(void *vmm) {
  require(vmm, "vmm", "krun_vmm_run");
  RECORD_CALL("krun_vmm_run", "%s", "");
#ifdef TAKEN_OVER
  take_over();
#endif
  vsock_open();
  int code = guest_code();
  agent_comes();
  if (code == 128 + SIGKILL) dprintf(2, "libkrun double: the guest was killed\n");
  _exit(code);
}
#endif
