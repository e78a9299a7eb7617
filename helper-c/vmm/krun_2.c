/* The functions of libkrun 2. They take objects, and structures by value, so each is called by its own type
 * (libkrun.h and libkrun_init.h; docs/microvm.md names the commit). The plan says which to call, with which
 * arguments. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm.h"

typedef void *object;

/* Text or bytes; NULL for none. */
struct span {
  const void *data;
  size_t length;
};

/* The types of libkrun's functions: what they create or return, and their arguments. An `at` function takes the slot
 * of an object, because a builder's function replaces the object; `or_error` ends with a slot for an error. */
union function {
  void *symbol;
  object (*make)(void);
  object (*make_or_error)(object *);
  object (*from_texts)(struct span, struct span, object *);
  object (*from_numbers)(uint64_t, uint32_t, object *);
  object (*disk)(struct span, struct span, uint32_t, object *);
  object (*card_of_socket)(struct span, int, struct span, uint32_t, uint32_t, object *);
  object (*card_of_tap)(struct span, struct span, struct span, uint32_t, object *);
  object (*kernel)(struct span, uint32_t, struct span, struct span, object *);
  object (*finish)(object, object *);
  object (*finish_at)(object *, object *);
  object (*finish_init)(object *);
  void (*join)(object, object);
  void (*join_at)(object *, object);
  void (*set_size)(object, uint64_t);
  void (*set_flag)(object, bool);
  void (*set_flag_at)(object *, bool);
  void (*set_text_at)(object *, struct span);
  void (*set_texts_at)(object *, const struct span *, size_t);
  void (*unix_port)(object, uint32_t, struct span, bool);
  void (*run)(object);
  uint64_t (*byte_at)(object *, uint8_t, object *);
  uint64_t (*number_at)(object *, uint32_t, object *);
  uint64_t (*add_text)(object, struct span, object *);
  uint64_t (*streams)(object, int, int, int, object *);
  uint64_t (*apply)(object, void *, object, object, object *);
  uint64_t (*log)(int, uint32_t, uint32_t, uint32_t, object *);
};

enum shape {
  MAKE,
  MAKE_OR_ERROR,
  FROM_TEXTS,
  FROM_NUMBERS,
  DISK,
  CARD_OF_SOCKET,
  CARD_OF_TAP,
  KERNEL,
  FINISH,
  FINISH_INIT,
  LAST_THAT_MAKES = FINISH_INIT,
  JOIN,
  JOIN_AT,
  SET_SIZE,
  SET_FLAG,
  SET_FLAG_AT,
  SET_TEXT_AT,
  SET_TEXTS_AT,
  UNIX_PORT,
  BYTE_AT,
  NUMBER_AT,
  ADD_TEXT,
  STREAMS,
  APPLY,
  LOG,
};

static const struct {
  const char *name;
  enum shape shape;
} functions[] = {
    {"krun_payload_load_krunfw", MAKE_OR_ERROR},
    {"krun_payload_load_external", KERNEL},
    {"krun_fs_overlay_new", MAKE},
    {"krun_fs_device_new", FROM_TEXTS},
    {"krun_fs_device_set_overlay", JOIN},
    {"krun_fs_device_set_dax_window_size", SET_SIZE},
    {"krun_console_device_builder", MAKE},
    {"krun_console_builder_add_default_console", STREAMS},
    {"krun_console_builder_build", FINISH},
    {"krun_rng_device_new", MAKE_OR_ERROR},
    {"krun_balloon_device_new", MAKE_OR_ERROR},
    {"krun_vsock_device_new", FROM_NUMBERS},
    {"krun_vsock_device_add_unix_port", UNIX_PORT},
    {"krun_vsock_device_add_port_forward", ADD_TEXT},
    {"krun_block_device_new", DISK},
    {"krun_block_device_set_read_only", SET_FLAG},
    {"krun_net_device_new_unixstream_fd", CARD_OF_SOCKET},
    {"krun_net_device_new_tap", CARD_OF_TAP},
    {"krun_mmio_device_manager_new", MAKE},
    {"krun_mmio_device_manager_add", JOIN},
    {"krun_vmm_builder_new", MAKE},
    {"krun_vmm_builder_vcpus", BYTE_AT},
    {"krun_vmm_builder_ram_mib", NUMBER_AT},
    {"krun_vmm_builder_payload", JOIN_AT},
    {"krun_vmm_builder_devices", JOIN_AT},
    {"krun_vmm_builder_nested_virt", SET_FLAG_AT},
    {"krun_init_log", LOG},
    {"krun_init_config_builder", MAKE},
    {"krun_init_builder_args", SET_TEXTS_AT},
    {"krun_init_builder_env", SET_TEXTS_AT},
    {"krun_init_builder_workdir", SET_TEXT_AT},
    {"krun_init_builder_build", FINISH_INIT},
    {"krun_init_config_apply_in", APPLY},
};

static object *at(uint64_t value) { return (object *)(uintptr_t)value; }
static object in(uint64_t value) { return *at(value); }

static struct span text(uint64_t value) {
  const char *data = (const char *)(uintptr_t)value;
  return (struct span){data, data ? strlen(data) : 0};
}

static struct span mac(uint64_t value) { return (struct span){(const void *)(uintptr_t)value, 6}; }

static void set_texts(union function f, object *place, uint64_t value) {
  char *const *list = (char *const *)(uintptr_t)value;
  size_t count = 0;
  while (list[count]) count++;
  struct span *spans = calloc(count + 1, sizeof *spans);
  for (size_t i = 0; spans && i < count; i++) spans[i] = (struct span){list[i], strlen(list[i])};
  if (spans) f.set_texts_at(place, spans, count);
  free(spans);
}

static object make(union function f, enum shape shape, const uint64_t *v, object *error) {
  switch (shape) {
    case MAKE: return f.make();
    case MAKE_OR_ERROR: return f.make_or_error(error);
    case FROM_TEXTS: return f.from_texts(text(v[0]), text(v[1]), error);
    case FROM_NUMBERS: return f.from_numbers(v[0], (uint32_t)v[1], error);
    case DISK: return f.disk(text(v[0]), text(v[1]), (uint32_t)v[2], error);
    case CARD_OF_SOCKET:
      return f.card_of_socket(text(v[0]), (int)v[1], mac(v[2]), (uint32_t)v[3], (uint32_t)v[4], error);
    case CARD_OF_TAP: return f.card_of_tap(text(v[0]), text(v[1]), mac(v[2]), (uint32_t)v[3], error);
    case KERNEL: return f.kernel(text(v[0]), (uint32_t)v[1], text(v[2]), text(v[3]), error);
    case FINISH: return f.finish(in(v[0]), error);
    case FINISH_INIT: return f.finish_init(at(v[0]));
    default: return NULL;
  }
}

/* Calls a function that creates nothing: 0, or libkrun's number for an error. */
static uint64_t act(union function f, enum shape shape, const uint64_t *v, object *error) {
  switch (shape) {
    case JOIN: return f.join(in(v[0]), in(v[1])), 0;
    case JOIN_AT: return f.join_at(at(v[0]), in(v[1])), 0;
    case SET_SIZE: return f.set_size(in(v[0]), v[1]), 0;
    case SET_FLAG: return f.set_flag(in(v[0]), v[1] != 0), 0;
    case SET_FLAG_AT: return f.set_flag_at(at(v[0]), v[1] != 0), 0;
    case SET_TEXT_AT: return f.set_text_at(at(v[0]), text(v[1])), 0;
    case SET_TEXTS_AT: return set_texts(f, at(v[0]), v[1]), 0;
    case UNIX_PORT: return f.unix_port(in(v[0]), (uint32_t)v[1], text(v[2]), v[3] != 0), 0;
    case BYTE_AT: return f.byte_at(at(v[0]), (uint8_t)v[1], error);
    case NUMBER_AT: return f.number_at(at(v[0]), (uint32_t)v[1], error);
    case ADD_TEXT: return f.add_text(in(v[0]), text(v[1]), error);
    case STREAMS: return f.streams(in(v[0]), (int)v[1], (int)v[2], (int)v[3], error);
    case APPLY: return f.apply(in(v[0]), (void *)(uintptr_t)v[1], in(v[2]), in(v[3]), error);
    case LOG: return f.log((int)v[0], (uint32_t)v[1], (uint32_t)v[2], (uint32_t)v[3], error);
    default: return UINT64_MAX;
  }
}

/* kago's object that receives an error's text, in the layout that libkrun's functions expect. */
struct writer {
  uint32_t tag, unused;
  const void *table;
  const void *own;
  uint16_t table_size;
};

struct writer_table {
  void (*drop)(void *);
  bool (*push)(void *, struct span);
};

/* libkrun.h, KRUN_PUSH_STR_TYPE_TAG; libkrun_init.h, KRUN_INIT_PUSH_STR_TYPE_TAG. */
enum { LIBKRUN_WRITER = 16777228, LIBKRUN_INIT_WRITER = 33554433 };
enum { ERROR_TEXT = 512 };

struct sentence {
  char text[ERROR_TEXT];
  size_t length;
};

static bool push(void *own, struct span piece) {
  struct sentence *sentence = own;
  size_t room = sizeof sentence->text - 1 - sentence->length;
  size_t length = piece.length < room ? piece.length : room;
  if (length > 0) memcpy(sentence->text + sentence->length, piece.data, length);
  sentence->length += length;
  return true;
}

/* libkrun's message for an error, which is then destroyed; NULL if none. `prefix` is that of its library's
 * functions. */
static const char *say(object error, const char *prefix, uint32_t tag) {
  static struct sentence sentence; /* static: an error refers to it */
  static const struct writer_table table = {.push = push};
  struct writer writer = {tag, 0, &table, &sentence, sizeof table};
  char name[40];
  void (*message)(object, void *);
  void (*destroy)(object);
  sentence = (struct sentence){0};
  snprintf(name, sizeof name, "%s_error_message", prefix);
  void *symbol = vmm_find(name);
  memcpy(&message, &symbol, sizeof message);
  if (message) message(error, &writer);
  snprintf(name, sizeof name, "%s_error_destroy", prefix);
  symbol = vmm_find(name);
  memcpy(&destroy, &symbol, sizeof destroy);
  if (destroy) destroy(error);
  return sentence.length > 0 ? sentence.text : NULL;
}

bool krun_2_is_of_init(const char *name) {
  return !strncmp(name, "krun_init_", 10) && strcmp(name, "krun_init_log") != 0;
}

static const char *say_of(object error, const char *function) {
  if (krun_2_is_of_init(function)) return say(error, "krun_init", LIBKRUN_INIT_WRITER);
  return say(error, "krun", LIBKRUN_WRITER);
}

int krun_2_call(struct context *c, const char *name, const uint64_t *values, uint64_t keep) {
  union function function = {.symbol = vmm_find(name)};
  object error = NULL, made = NULL;
  uint64_t answer = 0;
  size_t i = 0, count = sizeof functions / sizeof *functions;
  while (i < count && strcmp(functions[i].name, name)) i++;
  if (i == count || keep >= MAX_OBJECTS) return -EINVAL;
  bool makes = functions[i].shape <= LAST_THAT_MAKES;
  if (makes) made = make(function, functions[i].shape, values, &error);
  else answer = act(function, functions[i].shape, values, &error);
  const char *said = error ? say_of(error, name) : NULL;
  if (said) return vmm_fail(c, -EIO, F_krun_call_function, FOUND_SAID, said);
  if (error || answer != 0) return -EIO;
  if (makes && !made) return -ENOMEM;
  if (makes) vm.objects[keep] = made;
  return 0;
}

int krun_2_enter(void *builder, const char **said) {
  union function build = {.symbol = vmm_find("krun_vmm_builder_build")}, run = {.symbol = vmm_find("krun_vmm_run")};
  object error = NULL, vmm = build.finish_at(&builder, &error);
  if (vmm) run.run(vmm); /* ends this process with the guest's exit code */
  *said = error ? say_of(error, "krun_vmm_builder_build") : NULL;
  return -EIO;
}
