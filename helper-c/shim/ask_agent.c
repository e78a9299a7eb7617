/* One question to a microVM's guest agent, for Main. */
#include "shim.h"

#include <unistd.h>

#include "../common/kernel.h"
#include "../session/agent_client.h"

int kago_ask_agent(const char *path, const uint32_t request[5], uint8_t *reply, uint32_t *size) {
  uint8_t payload[8];
  write_le32(payload, request[1]);
  write_le32(payload + 4, request[2]);
  int folder = as_result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) return folder;
  enum frame_type type = (enum frame_type)request[0];
  uint32_t payload_size = type == FRAME_SIGNAL ? sizeof payload : 0;
  int result = agent_request(folder, (int)request[4], type, payload, payload_size, reply, size, (int)request[3]);
  close(folder);
  return result;
}
