/* Loads libkrun by descriptor, or as the dynamic linker finds it, and calls its functions as the plan says. */
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

/* All arguments of libkrun's functions are integers and pointers, which are passed in registers of one class. */
typedef int32_t krun_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

void *vmm_find(const char *name) {
  bool init = vm.abi == ABI_2 && krun_2_is_of_init(name);
  if (init && !vm.init_library) return NULL;
  return dlsym(init ? vm.init_library : vm.library, name);
}

static krun_function *find(const char *name) {
  krun_function *function;
  void *symbol = vmm_find(name);
  memcpy(&function, &symbol, sizeof function);
  return function;
}

/* An absolute path was opened by krunOpen; that file is loaded, whatever is at the path now, and is known by its
 * soname as usual. A bare name is looked up by the dynamic linker. NULL if there is no file, or with dlerror(3). */
static void *load(const struct context *c, const char *name, int slot) {
  char path[32];
  if (*name == '/' && c->libraries[slot] == 0) return NULL;
  snprintf(path, sizeof path, "/proc/self/fd/%d", c->libraries[slot] - 1);
  return dlopen(*name == '/' ? path : name, RTLD_LAZY);
}

/* Only after all are loaded, because the dynamic linker identifies a library by the path from which it was loaded. */
static void close_libraries(struct context *c) {
  for (int i = 0; i < LIBRARY_SLOTS; i++) {
    if (c->libraries[i] > 0) close(c->libraries[i] - 1);
    c->libraries[i] = 0;
  }
}

static void not_loaded(struct context *c, const char *name) {
  const char *reason = dlerror();
  vmm_fail(c, -ELIBACC, F_krun_load_libraries, reason ? FOUND_SAID : FOUND_MISSING, reason ? strdup(reason) : name);
}

static int create_context(struct context *c, const char *name) {
  krun_function *create = find("krun_create_ctx");
  if (!create) return vmm_fail(c, -ELIBBAD, F_krun_load_libraries, FOUND_NAMED, name);
  int32_t context = create(0, 0, 0, 0, 0, 0);
  vm.context = (uint32_t)context;
  return context < 0 ? context : 0;
}

/* libkrun 2 has its guest init in a separate library, which the dynamic linker finds or which is already loaded. */
static int load_init(struct context *c, const char *name) {
  if (!find("krun_vmm_builder_new")) return vmm_fail(c, -ELIBBAD, F_krun_load_libraries, FOUND_NAMED, name);
  vm.init_library = dlopen("libkrun_init.so.0", RTLD_LAZY);
  return 0;
}

int op_krun_load(struct context *c, const struct field *f) {
  const struct field *before = &f[F_krun_load_before];
  const uint8_t *item = before->data;
  const char *name = "";
  if (before->count > LIBRARY_SLOT || f[F_krun_load_libraries].count > LIBRARY_SLOTS - LIBRARY_SLOT) return -E2BIG;
  /* libkrun loads its firmware and dependencies by name, and the dynamic linker uses those already loaded. */
  for (uint32_t i = 0; i < before->count; i++) load(c, list_next(&item), BEFORE_SLOT + (int)i);
  dlerror(); /* if one is missing, libkrun reports it */
  item = f[F_krun_load_libraries].data;
  for (uint32_t i = 0; i < f[F_krun_load_libraries].count && !vm.library; i++) {
    name = list_next(&item);
    vm.library = load(c, name, LIBRARY_SLOT + (int)i);
    if (!vm.library && !c->said.text) not_loaded(c, name); /* report the first, which is the preferred one */
  }
  close_libraries(c);
  if (!vm.library) return -ELIBACC;
  c->said.text = NULL;
  vm.abi = f[F_krun_load_abi].number == ABI_2 ? ABI_2 : ABI_1;
  return vm.abi == ABI_2 ? load_init(c, name) : create_context(c, name);
}

static char *descriptor_path(int fd, const char *rest) {
  char *path;
  return asprintf(&path, "/proc/self/fd/%d%s", fd, rest) < 0 ? NULL : path;
}

/* The path by which libkrun opens the container's `path`; the descriptor stays open for it. */
static int in_container(struct context *c, const char *path, int flags, const char *rest, const void **made) {
  if (!*path) return -EINVAL;
  int fd = open_in_root("/", path, flags);
  if (fd < 0) return vmm_fail(c, fd, F_krun_call_texts, FOUND_SHUT, path);
  *made = descriptor_path(fd, rest);
  return 0;
}

/* The socket to listen on does not exist yet, but its directory does. */
static int new_in_container(struct context *c, const char *path, const void **made) {
  const char *slash = strrchr(path, '/');
  if (!slash) return -EINVAL;
  char *folder = strndup(path, (size_t)(slash - path)); /* not freed: an error names it */
  return folder ? in_container(c, *folder ? folder : "/", O_PATH, slash, made) : -ENOMEM;
}

static uint8_t *mac_bytes(uint64_t number) {
  uint8_t *mac = malloc(6);
  for (int i = 0; mac && i < 6; i++) mac[i] = (uint8_t)(number >> (40 - 8 * i));
  return mac;
}

/* The remaining numbers and texts of a call. Each argument takes its own from them. */
struct rest {
  const struct field *fields;
  uint32_t numbers, texts; /* taken so far */
  const uint8_t *text; /* the next */
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

/* The environment that describes the guest's network card, if any. */
static char **card_list(void) {
  char **list = calloc(2, sizeof *list), *card = vm.passt >= 0 ? guest_card() : NULL;
  if (list && card && asprintf(list, "KAGO_CARD=%s", card) < 0) *list = NULL;
  return list;
}

/* The slot of an object: functions take the slot, or the object. */
static int object_place(uint64_t number, const void **made) {
  if (number >= MAX_OBJECTS) return -EINVAL;
  *made = &vm.objects[number];
  return 0;
}

/* Converts one argument: 0, or -errno. */
static int convert(struct context *c, uint32_t kind, struct rest *rest, uint64_t *value) {
  const void *pointer = NULL;
  int result = 0;
  switch (kind) {
    case KRUN_CONTEXT: *value = vm.context; return 0;
    case KRUN_NUMBER: *value = take_number(rest); return 0;
    case KRUN_PASST: *value = (uint64_t)vm.passt; return 0;
    case KRUN_RESULT: *value = (uint64_t)vm.result; return 0;
    case KRUN_NULL: *value = 0; return 0;
    case KRUN_TEXT: pointer = take_text(rest); break;
    case KRUN_FILE: result = in_container(c, take_text(rest), O_PATH, "", &pointer); break;
    case KRUN_OUTPUT_FILE:
      result = in_container(c, take_text(rest), O_WRONLY | O_CREAT | O_NONBLOCK, "", &pointer);
      break;
    case KRUN_NEW_FILE: result = new_in_container(c, take_text(rest), &pointer); break;
    /* libkrun opens its roots with O_NOFOLLOW, so the dot follows the descriptor's link. */
    case KRUN_AGENT_ROOT: pointer = descriptor_path(c->agent_fd, "/."); break;
    case KRUN_RUN_FILE: pointer = descriptor_path(c->run_fd, take_text(rest)); break;
    case KRUN_MAC: pointer = mac_bytes(take_number(rest)); break;
    case KRUN_LIST: pointer = take_list(rest); break;
    case KRUN_CARD: pointer = card_list(); break;
    case KRUN_OBJECT: result = object_place(take_number(rest), &pointer); break;
    case KRUN_LIBRARY: pointer = vm.library; break;
    default: return -EINVAL;
  }
  *value = (uint64_t)(uintptr_t)pointer;
  return result < 0 || pointer ? result : -ENOMEM;
}

/* Converts all arguments, in the order of their kinds. Nothing may be left over. */
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

int vmm_lacks(struct context *c, const char *name) { return vmm_fail(c, -ENOSYS, 0, FOUND_MISSING, name); }

int op_krun_call(struct context *c, const struct field *f) {
  uint64_t condition = f[F_krun_call_if_isolated].number;
  if (condition && vm.isolated != (condition == CALLED_IF_ISOLATED)) return 0;
  const char *name = f[F_krun_call_function].text;
  krun_function *function = find(name);
  if (!function) return vmm_lacks(c, name);
  uint64_t values[MAX_ARGUMENTS] = {0};
  int result = convert_all(c, f, values);
  if (result < 0) return result;
  if (vm.abi == ABI_2) return krun_2_call(c, name, values, f[F_krun_call_keep_result].number);
  int32_t answer = function(values[0], values[1], values[2], values[3], values[4], values[5]);
  if (f[F_krun_call_keep_result].number) vm.result = answer;
  return answer < 0 ? answer : 0;
}

/* Does this process's network namespace have an address on another interface than loopback? */
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

int op_krun_isolate(struct context *c, const struct field *f) {
  (void)c;
  const uint8_t *item = f[F_krun_isolate_functions].data;
  vm.isolated = !has_network();
  for (uint32_t i = 0; i < f[F_krun_isolate_functions].count; i++) vm.isolated &= find(list_next(&item)) != NULL;
  return 0;
}

/* libkrun panics if it cannot open the device. */
int op_krun_kvm(struct context *c, const struct field *f) {
  (void)c;
  (void)f;
  int fd = as_result(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (fd >= 0) close(fd);
  return fd < 0 ? fd : 0;
}

static void close_if_open(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* The guest has the rights of the VMM's process, so no descriptor of kago may stay open. The connection for reports
 * is closed last: its end tells `start` that the guest boots. Later failures can only be reported on the container's
 * standard error. */
int op_krun_enter(struct context *c, const struct field *f) {
  uint64_t builder = f[F_krun_enter_builder].number;
  const char *name = builder ? "krun_vmm_builder_build" : "krun_start_enter", *said = NULL;
  krun_function *enter = find(name);
  if (builder && !find("krun_vmm_run")) return vmm_lacks(c, "krun_vmm_run");
  if (!enter || builder >= MAX_OBJECTS) return vmm_lacks(c, name);
  int result = c->run_fd < 0 ? 0 : vmm_forward_signals(c->run_fd);
  if (result == 0 && c->run_fd >= 0 && c->door_fd >= 0) result = vmm_open_door(c->door_fd, c->run_fd);
  if (result == 0) result = vmm_relay_streams();
  if (result == 0 && c->run_fd >= 0) result = vmm_serve_sockets(c->run_fd);
  if (result == 0 && c->run_fd >= 0) result = vmm_watch(c->run_fd);
  if (result < 0) return result;
  if (c->sync_fd == c->report_fd) c->sync_fd = -1;
  int *const own[] = {&c->plan_fd, &c->root_fd, &c->proc_fd, &c->sync_fd, &c->listen_fd, &c->report_fd};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) close_if_open(own[i]);
  int32_t error = builder ? krun_2_enter(vm.objects[builder], &said) : enter(vm.context, 0, 0, 0, 0, 0);
  if (builder) dprintf(vm.messages, "kago: microVM: %s(): %s\n", name, said ? said : strerror(-error));
  else dprintf(vm.messages, "kago: microVM: krun_start_enter(%u): %s\n", vm.context, strerror(-error));
  return error < 0 ? error : -EIO;
}
