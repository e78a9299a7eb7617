/* libkrun: loaded by descriptor, or as the dynamic linker finds it; its functions called as the plan says. */
#include <dlfcn.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"
#include "vmm.h"

enum { MAX_ARGUMENTS = 6 };

/* All arguments of libkrun's functions are integers and pointers, which go in registers of one kind. */
typedef int32_t krun_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static krun_function *find(const char *name) {
  krun_function *function;
  void *symbol = dlsym(vm.library, name);
  memcpy(&function, &symbol, sizeof function);
  return function;
}

static int32_t call_with_context(krun_function *function, uint64_t a, uint64_t b, uint64_t c) {
  return function(vm.context, a, b, c, 0, 0);
}

/* A path was opened by krunOpen, and what is loaded is that file, whatever has its name by now; it goes by the soname in it
 * all the same. A bare name is for the dynamic linker to find. */
static void *load(const struct context *c, const char *name, int slot, char reason[1024]) {
  char path[32];
  if (*name == '/' && c->libraries[slot] == 0) {
    if (!*reason) snprintf(reason, 1024, "%s: %s", name, vmm_error(-ENOENT));
    return NULL;
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", c->libraries[slot] - 1);
  void *library = dlopen(*name == '/' ? path : name, RTLD_LAZY);
  if (!library && !*reason) snprintf(reason, 1024, "%s", dlerror());
  return library;
}

/* Not before all are loaded: the dynamic linker knows a library by the path that it was loaded by. */
static void close_libraries(struct context *c) {
  for (int i = 0; i < LIBRARY_SLOTS; i++) {
    if (c->libraries[i] > 0) close(c->libraries[i] - 1);
    c->libraries[i] = 0;
  }
}

int op_krun_load(struct context *c, const struct field *f) {
  const uint8_t *item = f[F_krun_load_firmware].data;
  char ignored[1024] = "", reason[1024] = "";
  if (f[F_krun_load_firmware].count > LIBRARY_SLOTS / 2 || f[F_krun_load_libraries].count > LIBRARY_SLOTS / 2) return -E2BIG;
  /* libkrun asks for its firmware by name, and the dynamic linker answers with the one that is loaded already. */
  for (uint32_t i = 0; i < f[F_krun_load_firmware].count; i++) load(c, list_next(&item), FIRMWARE_SLOT + (int)i, ignored);
  item = f[F_krun_load_libraries].data;
  for (uint32_t i = 0; i < f[F_krun_load_libraries].count && !vm.library; i++) {
    vm.library_name = list_next(&item);
    vm.library = load(c, vm.library_name, LIBRARY_SLOT + (int)i, reason);
  }
  close_libraries(c);
  if (!vm.library) return vmm_tell(c, "libkrun cannot be loaded: %s; install libkrun 1.x and run ldconfig", reason);
  krun_function *create = find("krun_create_ctx");
  if (!create) return vmm_tell(c, "%s is not libkrun; name the file of libkrun 1.x", vm.library_name);
  int32_t context = create(0, 0, 0, 0, 0, 0);
  if (context < 0) return vmm_tell(c, "krun_create_ctx(): %s", vmm_error(context));
  vm.context = (uint32_t)context;
  return 0;
}

static char *descriptor_path(int fd, const char *rest) {
  char *path;
  return asprintf(&path, "/proc/self/fd/%d%s", fd, rest) < 0 ? NULL : path;
}

/* The path by which libkrun opens what the container has at `path`; the descriptor stays open for it. */
static int in_container(struct context *c, const char *path, const char *rest, const void **made) {
  int fd = open_in_root("/", path, O_PATH);
  if (fd < 0) return vmm_tell(c, "open %s in /: %s", path, vmm_error(fd));
  *made = descriptor_path(fd, rest);
  return 0;
}

/* A socket to listen on is not there yet, its folder is. */
static int new_in_container(struct context *c, const char *path, const void **made) {
  const char *slash = strrchr(path, '/');
  if (!slash) return -EINVAL;
  char *folder = strndup(path, (size_t)(slash - path));
  int result = folder ? in_container(c, *folder ? folder : "/", slash, made) : -ENOMEM;
  free(folder);
  return result;
}

static uint8_t *mac_bytes(uint64_t number) {
  uint8_t *mac = malloc(6);
  for (int i = 0; mac && i < 6; i++) mac[i] = (uint8_t)(number >> (40 - 8 * i));
  return mac;
}

/* What is left of a call's numbers and texts, from which each argument takes its own. */
struct rest {
  const struct field *fields;
  uint32_t numbers, texts; /* taken so far */
  const uint8_t *text;     /* the next */
  bool too_few;
};

static uint64_t take_number(struct rest *rest) {
  const struct field *all = &rest->fields[F_krun_call_numbers];
  if (rest->numbers < all->count) return list_long_number(all, rest->numbers++);
  rest->too_few = true;
  return 0;
}

static const char *take_text(struct rest *rest) {
  if (rest->texts++ < rest->fields[F_krun_call_texts].count) return list_next(&rest->text);
  rest->too_few = true;
  return "";
}

static const char **take_list(struct rest *rest) {
  uint64_t count = take_number(rest);
  if (count > rest->fields[F_krun_call_texts].count) count = 0, rest->too_few = true;
  const char **list = calloc((size_t)count + 1, sizeof *list);
  for (uint64_t i = 0; list && i < count; i++) list[i] = take_text(rest);
  return list;
}

/* What tells the agent of the guest's card, if it has one. */
static char **card_list(void) {
  char **list = calloc(2, sizeof *list), *card = vm.passt >= 0 ? guest_card() : NULL;
  if (list && card && asprintf(list, "KAGO_CARD=%s", card) < 0) *list = NULL;
  return list;
}

/* One argument: 0, or -errno when there is none. */
static int convert(struct context *c, uint32_t kind, struct rest *rest, uint64_t *value) {
  const void *pointer = NULL;
  int result = 0;
  switch (kind) {
    case KRUN_CONTEXT: *value = vm.context; return 0;
    case KRUN_NUMBER: *value = take_number(rest); return 0;
    case KRUN_PASST: *value = (uint64_t)vm.passt; return 0;
    case KRUN_NULL: *value = 0; return 0;
    case KRUN_TEXT: pointer = take_text(rest); break;
    case KRUN_FILE: result = in_container(c, take_text(rest), "", &pointer); break;
    case KRUN_NEW_FILE: result = new_in_container(c, take_text(rest), &pointer); break;
    /* libkrun opens its roots with O_NOFOLLOW: the dot goes through the descriptor's link. */
    case KRUN_AGENT_ROOT: pointer = descriptor_path(c->agent_fd, "/."); break;
    case KRUN_RUN_FILE: pointer = descriptor_path(c->run_fd, take_text(rest)); break;
    case KRUN_MAC: pointer = mac_bytes(take_number(rest)); break;
    case KRUN_LIST: pointer = take_list(rest); break;
    case KRUN_CARD: pointer = card_list(); break;
    default: return -EINVAL;
  }
  *value = (uint64_t)(uintptr_t)pointer;
  return result < 0 || pointer ? result : -ENOMEM;
}

/* All of them, in the order of their kinds; nothing may be left over. */
static int convert_all(struct context *c, const struct field *f, uint64_t values[MAX_ARGUMENTS]) {
  struct rest rest = {.fields = f, .text = f[F_krun_call_texts].data};
  if (f[F_krun_call_kinds].count > MAX_ARGUMENTS) return -E2BIG;
  for (uint32_t i = 0; i < f[F_krun_call_kinds].count; i++) {
    int result = convert(c, list_number(&f[F_krun_call_kinds], i), &rest, &values[i]);
    if (rest.too_few) return -EINVAL;
    if (result < 0) return result;
  }
  return rest.numbers == f[F_krun_call_numbers].count && rest.texts == f[F_krun_call_texts].count ? 0 : -EINVAL;
}

static int lacks(struct context *c, const char *name, const char *from) {
  return vmm_tell(c, "%s%s the function %s, which this libkrun does not have; install a newer libkrun, or one that was built with it",
                  *from ? from : "a microVM", " needs", name);
}

int op_krun_call(struct context *c, const struct field *f) {
  krun_function *function = find(f[F_krun_call_function].text);
  if (!function) return lacks(c, f[F_krun_call_function].text, f[F_krun_call_wanted_by].text);
  uint64_t values[MAX_ARGUMENTS] = {0};
  int result = convert_all(c, f, values);
  if (result < 0) return result;
  int32_t answer = function(values[0], values[1], values[2], values[3], values[4], values[5]);
  const char *from = f[F_krun_call_wanted_by].text;
  return answer < 0 ? vmm_tell(c, "%s%s%s(): %s", from, *from ? ": " : "", f[F_krun_call_function].text, vmm_error(answer)) : 0;
}

/* Is there an address beyond loopback in this process's network namespace? */
static bool has_network(void) {
  struct ifaddrs *all;
  if (getifaddrs(&all) < 0) return true;
  bool found = false;
  for (struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
    int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
    found = (family == AF_INET || family == AF_INET6) && strcmp(one->ifa_name, "lo") != 0;
  }
  freeifaddrs(all);
  return found;
}

/* A vsock without impersonation. An older libkrun goes on with it, and finds no way out either. */
int op_krun_isolate(struct context *c, const struct field *f) {
  (void)f;
  krun_function *disable = find("krun_disable_implicit_vsock"), *add = find("krun_add_vsock");
  if (!disable || !add || has_network()) return 0;
  int32_t result = call_with_context(disable, 0, 0, 0);
  if (result >= 0) result = call_with_context(add, 0, 0, 0);
  vm.isolated = result >= 0;
  return result < 0 ? vmm_tell(c, "the empty network namespace: krun_add_vsock(%u, 0): %s", vm.context, vmm_error(result)) : 0;
}

/* libkrun's own console writes to the file, and would take the process's output with it: so that goes through a second
 * device. (A console without the file would be no console to the guest's kernel, and its init then mixes up its own
 * descriptors.) */
int op_krun_console(struct context *c, const struct field *f) {
  static const char *const ports[] = {"krun-stdin", "krun-stdout", "krun-stderr"};
  const char *from = f[F_krun_console_wanted_by].text;
  krun_function *output = find("krun_set_console_output"), *device = find("krun_add_virtio_console_multiport"),
                *port = find("krun_add_console_port_inout");
  if (!output || !device || !port) return lacks(c, "krun_add_virtio_console_multiport", from);
  int fd = open_in_root("/", f[F_krun_console_path].text, O_WRONLY | O_CREAT | O_NONBLOCK);
  if (fd < 0) return vmm_tell(c, "open %s in /: %s", f[F_krun_console_path].text, vmm_error(fd));
  char *path = descriptor_path(fd, "");
  if (!path) return -ENOMEM;
  int32_t result = call_with_context(output, (uint64_t)(uintptr_t)path, 0, 0);
  int32_t id = result < 0 ? result : call_with_context(device, 0, 0, 0);
  result = id;
  for (int i = 0; i < 3 && result >= 0; i++) {
    uint64_t in = i == 0 ? 0 : (uint64_t)-1, out = i == 0 ? (uint64_t)-1 : (uint64_t)i;
    result = port(vm.context, (uint64_t)id, (uint64_t)(uintptr_t)ports[i], in, out, 0);
  }
  return result < 0 ? vmm_tell(c, "%s: the console of %s: %s", from, f[F_krun_console_path].text, vmm_error(result)) : 0;
}

/* libkrun panics over a device that it cannot open. */
int op_krun_kvm(struct context *c, const struct field *f) {
  (void)f;
  int fd = as_result(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (fd < 0) {
    return vmm_tell(c, "the container's user cannot open its /dev/kvm: %s; look at its owner and mode (in a user namespace they "
                       "are the host's), at linux.resources.devices, and for nodev on /dev", vmm_error(fd));
  }
  close(fd);
  return 0;
}

static void close_if_open(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* The guest gets the VMM's process, so nothing of kago's may be left open in it. The connection for reports goes last: its
 * end tells `start` that the guest boots, and what fails later can only be told on the container's standard error. */
int op_krun_enter(struct context *c, const struct field *f) {
  (void)f;
  krun_function *enter = find("krun_start_enter");
  if (!enter) return lacks(c, "krun_start_enter", "");
  int result = c->run_fd < 0 ? 0 : vmm_forward_signals(c->run_fd);
  if (result == 0 && c->run_fd >= 0 && c->door_fd >= 0) result = vmm_open_door(c->door_fd, c->run_fd);
  if (result < 0) return result;
  if (c->sync_fd == c->report_fd) c->sync_fd = -1;
  int *const own[] = {&c->plan_fd, &c->root_fd, &c->proc_fd, &c->sync_fd, &c->listen_fd, &c->report_fd};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) close_if_open(own[i]);
  int32_t error = call_with_context(enter, 0, 0, 0);
  return vmm_tell(c, "krun_start_enter(%u): %s", vm.context, vmm_error(error));
}
