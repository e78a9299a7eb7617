/* Of a plan for kago's agent the double carries out what needs no guest: the working directory and the program. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../helper-c/common/context.h"
#include "../../../helper-c/common/plan.h"
#include "guest.h"

static char **to_vector(const struct field *list) {
  char **vector = calloc((size_t)list->count + 1, sizeof *vector);
  const uint8_t *item = list->data;
  for (uint32_t i = 0; vector && i < list->count; i++) vector[i] = strdup(list_next(&item));
  return vector;
}

_Noreturn void run_plan(int fd) {
  struct stat info;
  struct plan plan;
  struct plan_fault fault;
  uint8_t *bytes = fstat(fd, &info) == 0 ? malloc((size_t)info.st_size) : NULL;
  if (!bytes || read(fd, bytes, (size_t)info.st_size) != info.st_size) give_up("cannot read the plan");
  if (plan_check(bytes, (size_t)info.st_size, &plan, &fault) < 0) give_up(fault.problem);
  size_t offset = plan_stage_offset(&plan, STAGE_GUEST);
  struct field fields[MAX_FIELDS];
  const char *cwd = "/";
  for (uint32_t i = 0; i < plan.counts[STAGE_GUEST]; i++) {
    enum opcode opcode = plan_next(&plan, &offset, fields);
    if (opcode == OP_chdir) cwd = strdup(fields[0].text);
    if (opcode == OP_exec) execute(cwd, to_vector(&fields[0]), to_vector(&fields[1]));
  }
  give_up("the plan has no exec");
}
