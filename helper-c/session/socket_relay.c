#include "socket_relay.h"

#include <errno.h>

int socket_relay_handle(void *self, const struct frame *frame) {
  struct socket_relay *r = self;
  if (frame->type == FRAME_CLOSED) return 0;
  /* The other side cannot have all our data before we have sent END. */
  if (frame->type != FRAME_BYE || r->heard_bye || r->pump.sources[SOCKET_STREAM].fd >= 0) return -EBADMSG;
  r->heard_bye = true;
  return 0;
}

/* libkrun drops data in flight when a connection is closed, so each side confirms that it has received everything. */
static bool part(struct socket_relay *r) {
  if (!pump_is_over(&r->pump, SOCKET_STREAM)) return false;
  if (r->pump.wire < 0) return true;
  if (!r->said_bye) r->said_bye = pump_send(&r->pump, FRAME_BYE, 0, NULL, 0) == 0;
  return pump_flush(&r->pump) < 0 || (r->said_bye && r->heard_bye && r->pump.out_start == r->pump.out_end);
}

bool socket_relay_step(struct socket_relay *r, const struct pollfd fds[PUMP_POLLS],
                       int (*handle)(void *self, const struct frame *frame), void *self) {
  if (pump_step(&r->pump, fds, handle, self) < 0) pump_end(&r->pump);
  return part(r);
}
