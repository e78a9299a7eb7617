/* The vmm stage, and its last words. */
#include "vmm.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../common/message.h"
#include "../common/root_path.h"
#include "../stage/failure.h"
#include "agent_image.h"
#include "threads.h"

struct vm vm = {.passt = -1};

const char *vmm_error(int result) {
  static char text[128];
  snprintf(text, sizeof text, "%s", strerror(-result));
  text[0] = (char)tolower((unsigned char)text[0]);
  return text;
}

int vmm_tell(struct context *c, const char *format, ...) {
  static const char opening[] = "microVM: ";
  struct {
    uint32_t type;
    char words[3996]; /* what one datagram carries */
  } message = {.type = MESSAGE_TEXT};
  memcpy(message.words, opening, sizeof opening);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message.words + sizeof opening - 1, sizeof message.words - sizeof opening, format, arguments);
  va_end(arguments);
  size_t size = sizeof message.type + strlen(message.words);
  /* Without a listener, the exit code and the container's standard error have to tell. */
  if (c->report_fd < 0 || send(c->report_fd, &message, size, MSG_NOSIGNAL) < 0) fprintf(stderr, "kago: %s\n", message.words);
  if (c->report_fd >= 0) close(c->report_fd);
  c->report_fd = -1;
  return -ECANCELED;
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
  /* Later ones need it, and the container's root has none. */
  trusted_proc(&c);
  int error = plan_load(plan_fd, &plan);
  if (error == 0) error = run_stage(&c, &failed);
  if (error < 0) failure_report(&c, failed, -error);
  if (c.proc_fd >= 0) close(c.proc_fd);
  result[0] = (int32_t)failed;
  result[1] = c.report_fd;
  return error;
}
