/* Examines the paths of a failed operation, each up to the first part that is missing or wrong, because an errno
 * does not say which it was. Findings of the operation itself follow. Main makes the sentence
 * (runtime/stages/op_words.ts). The result is only for the message, since the files may have changed by then:
 * nothing is decided by it. */
#include "failure.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/root_path.h"
#include "hook.h"
#include "mounts/filesystem.h"

enum { MOST_TEXT = 1024 };

struct findings {
  uint8_t *bytes;
  size_t size;
};

/* Encoding: the field's number, the kind of finding, the text's length, the text. */
static void add(struct findings *all, uint8_t field, enum found found, const char *text, size_t length) {
  if (length > MOST_TEXT) length = MOST_TEXT;
  uint8_t *at = all->bytes + all->size;
  if (all->size + 4 + length > FINDINGS_MAX) return;
  at[0] = field;
  at[1] = (uint8_t)found;
  at[2] = (uint8_t)length;
  at[3] = (uint8_t)(length >> 8);
  memcpy(at + 4, text, length);
  all->size += 4 + length;
}

/* Where a field's path is looked up. */
enum place { PLACE_HERE = 1, PLACE_ROOT, PLACE_NAME, PLACE_PROGRAM };

static const struct {
  enum opcode opcode;
  uint8_t field;
  enum place place;
  uint8_t no_links_field; /* the field that forbids links in the path; 0 for none */
} PATHS[] = {
    {OP_write_file, F_write_file_path, PLACE_HERE, 0},
    {OP_setns, F_setns_path, PLACE_HERE, 0},
    {OP_open_root, F_open_root_path, PLACE_HERE, 0},
    {OP_enter_root, F_enter_root_path, PLACE_HERE, 0},
    {OP_mount, F_mount_source, PLACE_HERE, 0},
    {OP_mount, F_mount_target, PLACE_ROOT, F_mount_no_follow},
    {OP_mount_by_name, F_mount_by_name_source, PLACE_HERE, 0},
    {OP_mount_by_name, F_mount_by_name_target, PLACE_ROOT, F_mount_by_name_no_follow},
    {OP_bind, F_bind_source, PLACE_HERE, 0},
    {OP_bind, F_bind_target, PLACE_ROOT, F_bind_no_follow},
    {OP_open_tree, F_open_tree_source, PLACE_HERE, 0},
    {OP_idmap_tree_like, F_idmap_tree_like_namespace, PLACE_HERE, 0},
    {OP_remount, F_remount_target, PLACE_ROOT, 0},
    {OP_symlink, F_symlink_path, PLACE_ROOT, 0},
    {OP_mknod, F_mknod_path, PLACE_ROOT, 0},
    {OP_file_label, F_file_label_path, PLACE_ROOT, 0},
    {OP_mask_path, F_mask_path_path, PLACE_ROOT, 0},
    {OP_readonly_path, F_readonly_path_path, PLACE_ROOT, 0},
    {OP_open_root_tree, F_open_root_tree_path, PLACE_ROOT, 0},
    {OP_prepare_cwd, F_prepare_cwd_path, PLACE_HERE, 0},
    {OP_chdir, F_chdir_path, PLACE_HERE, 0},
    {OP_hook, F_hook_path, PLACE_HERE, 0},
    {OP_hook, F_hook_cwd, PLACE_HERE, 0},
    {OP_hook, F_hook_path, PLACE_NAME, 0},
    {OP_hook, F_hook_wanted_by, PLACE_NAME, 0},
    {OP_exec, F_exec_args, PLACE_PROGRAM, 0},
};

static int open_at(const struct context *c, enum place place, const char *path, int flags, bool no_links) {
  if (place == PLACE_ROOT) return root_open(c, path, flags, no_links);
  return open_below(AT_FDCWD, path, (uint64_t)(flags | O_PATH), 0, 0);
}

static enum found why_not(const struct context *c, enum place place, const char *path, int error) {
  if (error == -ELOOP) return FOUND_LINK;
  if (error != -ENOENT) return error == -ENOTDIR ? FOUND_NO_FOLDER : FOUND_SHUT;
  int link = open_at(c, place, path, O_NOFOLLOW, false);
  if (link < 0) return FOUND_MISSING;
  close(link);
  return FOUND_DANGLING;
}

/* Walks `path` from its beginning; *end gets the length of the part that the result is about. */
static enum found look(const struct context *c, enum place place, const char *path, bool no_links, size_t *end) {
  char part[PATH_MAX];
  enum found found = FOUND_FOLDER;
  for (size_t at = strspn(path, "/"); path[at] && found == FOUND_FOLDER; at += strspn(path + at, "/")) {
    at += strcspn(path + at, "/");
    if (at >= sizeof part) return FOUND_SHUT;
    memcpy(part, path, at);
    part[at] = 0;
    *end = at;
    int fd = open_at(c, place, part, 0, no_links);
    if (fd < 0) return why_not(c, place, part, fd);
    struct stat info;
    bool folder = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    close(fd);
    if (!folder) found = path[at] ? FOUND_NO_FOLDER : FOUND_FILE;
  }
  if (found == FOUND_FOLDER) *end = strlen(path);
  return found;
}

/* From here on a system call may kill the process. */
static bool is_filtered(const struct plan *plan, uint32_t stage, uint32_t index) {
  size_t offset = plan_stage_offset(plan, stage);
  struct field fields[MAX_FIELDS];
  bool filtered = false;
  for (uint32_t i = 0; i < index; i++) filtered = plan_next(plan, &offset, fields) == OP_seccomp || filtered;
  return filtered;
}

/* *at and *end get where it begins and ends in the plan. */
static enum opcode operation_at(const struct plan *plan, uint32_t stage, uint32_t index,
                                struct field fields[MAX_FIELDS], size_t *at, size_t *end) {
  *end = plan_stage_offset(plan, stage);
  for (uint32_t i = 0;; i++) {
    *at = *end;
    enum opcode opcode = plan_next(plan, end, fields);
    if (i == index) return opcode;
  }
}

static void look_at_field(struct context *c, struct findings *all, const struct field *fields, size_t row) {
  uint8_t field = PATHS[row].field, no_links_field = PATHS[row].no_links_field;
  enum place place = PATHS[row].place;
  const char *path = place == PLACE_PROGRAM ? c->program : fields[field].text;
  if (!path) return;
  if (place == PLACE_PROGRAM || place == PLACE_NAME) {
    add(all, field, place == PLACE_PROGRAM ? FOUND_PROGRAM : FOUND_NAMED, path, strlen(path));
    return;
  }
  /* The source of a filesystem need not be a path. */
  if (!*path || (place == PLACE_HERE && *path != '/') || (place == PLACE_ROOT && c->root_fd < 0)) return;
  size_t end = 0;
  enum found found = look(c, place, path, no_links_field && fields[no_links_field].number, &end);
  add(all, field, found, path, end);
}

enum { MAX_OPTION = 256 };

static bool takes_option(int fs, const char *option) {
  const char *equals = strchr(option, '=');
  char key[MAX_OPTION];
  size_t length = equals ? (size_t)(equals - option) : 0;
  if (!equals) return sys_fsconfig(fs, FSCONFIG_SET_FLAG_, option, NULL) >= 0;
  if (length >= sizeof key) return false;
  memcpy(key, option, length);
  key[length] = 0;
  return sys_fsconfig(fs, FSCONFIG_SET_STRING_, key, equals + 1) >= 0;
}

/* Finds the option that the filesystem refuses. Only its key is reported: a value may be a password. */
static void look_at_options(struct findings *all, const struct field *fields) {
  int fs = sys_fsopen(fields[F_mount_fstype].text);
  if (fs < 0) return;
  const uint8_t *item = fields[F_mount_options].data;
  for (uint32_t i = 0; i < fields[F_mount_options].count; i++) {
    const char *option = list_next(&item);
    if (takes_option(fs, option)) continue;
    add(all, F_mount_options, FOUND_NAMED, option, strcspn(option, "="));
    break;
  }
  close(fs);
}

/* The end of an option in mount(2)'s string: a comma that is neither escaped by a backslash nor within quotation
 * marks. */
static const char *end_of_option(const char *at) {
  for (bool quoted = false; *at && (quoted || *at != ','); at++) {
    if (*at == '"') quoted = !quoted;
    if (*at == '\\' && at[1]) at++;
  }
  return at;
}

/* Like look_at_options(). Skips options too long for fsconfig(2), and quoted ones, which only mount(2) takes. */
static void look_at_data(struct findings *all, const struct field *fields) {
  int fs = sys_fsopen(fields[F_mount_by_name_fstype].text);
  if (fs < 0) return;
  for (const char *at = fields[F_mount_by_name_data].text, *end; *at; at = *end ? end + 1 : end) {
    char option[MAX_OPTION];
    end = end_of_option(at);
    size_t length = (size_t)(end - at);
    if (length == 0 || length >= sizeof option || memchr(at, '"', length)) continue;
    memcpy(option, at, length);
    option[length] = 0;
    if (takes_option(fs, option)) continue;
    add(all, F_mount_by_name_data, FOUND_NAMED, option, strcspn(option, "="));
    break;
  }
  close(fs);
}

static void look_at_operation(struct context *c, struct findings *all, uint32_t index, int error) {
  if (index >= c->plan->counts[c->stage]) return;
  struct field fields[MAX_FIELDS];
  size_t at, end;
  enum opcode opcode = operation_at(c->plan, c->stage, index, fields, &at, &end);
  bool filtered = is_filtered(c->plan, c->stage, index);
  for (size_t row = 0; row < sizeof PATHS / sizeof *PATHS; row++) {
    if (PATHS[row].opcode != opcode) continue;
    if (!filtered || PATHS[row].place >= PLACE_NAME) look_at_field(c, all, fields, row);
  }
  if (opcode == OP_mount && error == EINVAL) look_at_options(all, fields);
  if (opcode == OP_mount_by_name && error == EINVAL) look_at_data(all, fields);
  if (opcode == OP_hook && c->output) {
    add(all, F_hook_path, FOUND_STDOUT, c->output->stdout_tail.text, c->output->stdout_tail.size);
    add(all, F_hook_path, FOUND_STDERR, c->output->stderr_tail.text, c->output->stderr_tail.size);
  }
  if (c->said.text) add(all, c->said.field, (enum found)c->said.found, c->said.text, strlen(c->said.text));
  if (c->stage == STAGE_VMM) add(all, UINT8_MAX, FOUND_OPERATION, (const char *)c->plan->bytes + at, end - at);
}

size_t failure_look(struct context *c, uint32_t index, int error, struct failure *failure) {
  struct findings all = {.bytes = failure->findings};
  failure->head = (struct message){.type = MESSAGE_FAILED, .stage = c->stage, .value = index, .error = error};
  if (c->plan->bytes) look_at_operation(c, &all, index, error);
  return all.size;
}

int failure_part(const struct failure *failure, size_t size, const char **text) {
  for (const uint8_t *at = failure->findings, *end = at + size; at < end;) {
    int length = at[2] | at[3] << 8;
    *text = (const char *)at + 4;
    if (at[1] != FOUND_FOLDER && at[1] != FOUND_FILE) return length;
    at += 4 + length;
  }
  return 0;
}

void failure_report(struct context *c, uint32_t index, int error) {
  static struct failure failure;
  if (c->report_fd < 0) return;
  size_t size = failure_look(c, index, error, &failure);
  socket_send(c->report_fd, &failure, sizeof failure.head + size, 0, -1);
}
