/* The host's way to a microVM's guest agent. What comes back is bounded in time and size, and believed in nothing. */
#ifndef KAGO_AGENT_CLIENT_H
#define KAGO_AGENT_CLIENT_H

#include "frame.h"

/* Connects to the agent's socket in the folder: descriptor, or -ETIMEDOUT when no agent has answered after `timeout_ms`;
 * a guest that still boots is waited for. `vmm` is a pidfd of the VMM, -1 when there is none at hand: -ESRCH when that
 * has ended. */
int agent_connect(int folder, int vmm, int timeout_ms);

/* Sends all bytes on a connection that blocks: 0 or -errno. */
int agent_send_bytes(int connection, const uint8_t *bytes, size_t size);

/* Sends a whole frame on a connection that blocks: 0 or -errno. */
int agent_send(int connection, enum frame_type type, const void *payload, uint32_t size);

/* Waits for one frame, whose payload goes to `payload` (at most `size` bytes): 0, -ETIMEDOUT, -EPIPE at the end of the
 * connection, or -EBADMSG. */
int agent_receive(int connection, struct frame *frame, uint8_t *payload, uint32_t size, int timeout_ms);

/* Connects, asks, and takes the REPLY: its result, and what follows it in `reply`, whose size is returned in *size. */
int agent_request(int folder, int vmm, enum frame_type type, const void *payload, uint32_t payload_size,
                  uint8_t *reply, uint32_t *size, int timeout_ms);

#endif
