/* The vmm stage. */
#include "vmm.h"

#include <unistd.h>

#include "../common/kernel.h"
#include "../common/root_path.h"
#include "agent_image.h"
#include "threads.h"

struct vm vm = {.passt = -1, .messages = STDERR_FILENO};

int vmm_fail(struct context *c, int result, uint8_t field, enum found found, const char *text) {
  c->said = (struct said){field, (uint8_t)found, text};
  return result;
}

int vmm_run(int plan_fd, int sync_fd, int listen_fd, int root_fd, int door_fd, const int libraries[LIBRARY_SLOTS],
            int32_t result[2]) {
  static struct plan plan; /* libkrun keeps pointers into it */
  struct context c = {.plan = &plan,
                      .stage = STAGE_VMM,
                      .plan_fd = plan_fd,
                      .sync_fd = sync_fd,
                      .listen_fd = listen_fd,
                      .target_fd = -1,
                      .report_fd = sync_fd,
                      .root_fd = root_fd,
                      .door_fd = door_fd,
                      .run_fd = -1,
                      .agent_fd = -1,
                      .proc_fd = -1,
                      .vmm_fd = -1,
                      .on_all_threads = on_every_thread};
  uint32_t failed = 0;
  for (int i = 0; i < LIBRARY_SLOTS; i++) c.libraries[i] = libraries[i] + 1;
  c.agent_program = agent_program(&c.agent_size);
  /* Later operations need it; the container's root has no procfs. */
  trusted_proc(&c);
  int error = plan_load(plan_fd, &plan);
  if (error == 0) error = run_stage(&c, &failed);
  if (error < 0) failure_report(&c, failed, -error);
  if (c.proc_fd >= 0) close(c.proc_fd);
  result[0] = (int32_t)failed;
  result[1] = c.report_fd;
  return error;
}
