/* A double of libkrun_init, the guest's init of libkrun 2: what kago calls of it, and only that. Its file for the guest is
 * the one that the double's guest reads (guest.c).
 *
 *   -DRECORD="PATH"    as in libkrun.c
 *   -DAPPLY_ERROR="…"  krun_init_config_apply_in() fails, and says so */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libkrun_2.h"
#include "recorded.h"

struct list {
  char **items;
  size_t count;
};

struct builder {
  struct list args, env;
  char *cwd;
  char *text;
  size_t size;
};

/* Appended without a copy of what it has: a double of one microVM. */
static void append(struct list *list, const struct span *items, size_t count) {
  list->items = reallocarray(list->items, list->count + count + 1, sizeof *list->items);
  for (size_t i = 0; i < count; i++) list->items[list->count++] = strndup(items[i].data, items[i].len);
}

static void write_list(FILE *to, const char *name, const struct list *list) {
  fprintf(to, "\"%s\":[", name);
  for (size_t i = 0; i < list->count; i++) {
    fputs(i ? ",\"" : "\"", to);
    for (const char *at = list->items[i]; *at; at++) {
      if (*at == '\n') fputs("\\n", to);
      else if (*at == '"' || *at == '\\') fprintf(to, "\\%c", *at);
      else fputc(*at, to);
    }
    fputc('"', to);
  }
  fputs("]", to);
}

static void record_list(const char *name, const struct list *list) {
  dprintf(record_fd, "{\"call\":\"%s\",\"args\":[", name);
  for (size_t i = 0; i < list->count; i++) dprintf(record_fd, "%s\"%s\"", i ? "," : "", list->items[i]);
  dprintf(record_fd, "]}\n");
}

void *krun_init_config_builder(void) { return calloc(1, sizeof(struct builder)); }

void krun_init_builder_args(void **handle, const struct span *argv, size_t count) {
  struct builder *builder = *handle;
  append(&builder->args, argv, count);
  record_list("krun_init_builder_args", &builder->args);
}

void krun_init_builder_env(void **handle, const struct span *vars, size_t count) {
  struct builder *builder = *handle;
  append(&builder->env, vars, count);
  record_list("krun_init_builder_env", &builder->env);
}

void krun_init_builder_workdir(void **handle, struct span dir) {
  struct builder *builder = *handle;
  builder->cwd = strndup(dir.data, dir.len);
  RECORD_CALL("krun_init_builder_workdir", "\"%s\"", builder->cwd);
}

void *krun_init_builder_build(void **handle) {
  struct builder *builder = *handle;
  *handle = NULL;
  FILE *to = open_memstream(&builder->text, &builder->size);
  fprintf(to, "{\"process\":{\"cwd\":\"%s\",", builder->cwd ? builder->cwd : "/");
  write_list(to, "args", &builder->args);
  fputs(",", to);
  write_list(to, "env", &builder->env);
  fputs("}}", to);
  fclose(to);
  return builder;
}

typedef uint64_t add_file(void *, struct span, struct span, uint32_t, bool, void **);
typedef void append_cmdline(void *, struct span);

#define TEXT(s) ((struct span){s, sizeof s - 1})

uint64_t krun_init_config_apply_in(void *config, void *library, void *overlay, void *payload, void **error) {
  struct builder *builder = config;
  RECORD_CALL("krun_init_config_apply_in", "%s", "");
#ifdef APPLY_ERROR
  if (!builder || !library || !overlay || !payload) _exit(125);
  *error = strdup(APPLY_ERROR);
  return (uint64_t)33554438 << 32 | 1;
#else
  add_file *add = NULL;
  append_cmdline *append_to = NULL;
  void *symbol = dlsym(library, "krun_fs_overlay_add_file");
  memcpy(&add, &symbol, sizeof add);
  symbol = dlsym(library, "krun_payload_append_cmdline");
  memcpy(&append_to, &symbol, sizeof append_to);
  add(overlay, TEXT("/init.krun"), TEXT("#!"), 0755, true, error);
  add(overlay, TEXT("/.krun_config.json"), (struct span){builder->text, builder->size}, 0644, true, error);
  append_to(payload, TEXT("init=/init.krun"));
  return 0;
#endif
}

void krun_init_error_message(void *error, struct writer *writer) {
  if (writer->type_tag == 33554433) writer->table->push(writer->own, (struct span){error, strlen(error)});
}

void krun_init_error_destroy(void *error) { free(error); }
