/* One request to a microVM's guest agent, for Main. */
#include "shim.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../common/kernel.h"
#include "../session/agent_client.h"

int kago_ask_agent(const char *path, const uint32_t request[4], uint8_t *reply, uint32_t *size) {
  uint8_t payload[24];
  if (request[1] > sizeof payload) return -EINVAL;
  memcpy(payload, reply, request[1]);
  int folder = as_result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  enum frame_type type = (enum frame_type)request[0];
  int result = agent_request(folder, (int)request[3], type, payload, request[1], reply, size, (int)request[2]);
  close(folder);
  return result;
}
