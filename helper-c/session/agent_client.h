/* The host's client of a microVM's guest agent. Answers are limited in time and size, and are not trusted. */
#ifndef KAGO_AGENT_CLIENT_H
#define KAGO_AGENT_CLIENT_H

#include "frame.h"

/* In the VMM's directory the agent's socket, created by libkrun; in the container's state the door, created by kago. */
#define AGENT_SOCKET "agent.sock"

/* Connects to the agent, and waits for a guest that still boots: descriptor, or -ETIMEDOUT if no agent has answered
 * after `timeout_ms`. `vmm` is a pidfd of the VMM, and `folder` the container's state: -ESRCH if the VMM has ended,
 * -EPERM if another process listens on the socket. If `vmm` is -1, the VMM is this process, and `folder` its own. */
int agent_connect(int folder, int vmm, int timeout_ms);

/* Connects to the agent's own socket in the directory; this process must listen on it: descriptor or -errno. */
int agent_connect_own(int folder);

/* Sends all bytes, within half a minute: 0 or -errno. */
int agent_send_bytes(int connection, const uint8_t *bytes, size_t size);

/* Sends a complete frame, within half a minute: 0 or -errno. */
int agent_send(int connection, enum frame_type type, const void *payload, uint32_t size);

/* Waits for one frame, whose payload goes to `payload` (at most `size` bytes): 0, -ETIMEDOUT, -EPIPE at the end of the
 * connection, or -EBADMSG. */
int agent_receive(int connection, struct frame *frame, uint8_t *payload, uint32_t size, int timeout_ms);

/* Connects, sends a request, and receives the REPLY: its result. What follows the result is stored in `reply`, its
 * size in *size. */
int agent_request(int folder, int vmm, enum frame_type type, const void *payload, uint32_t payload_size, uint8_t *reply,
                  uint32_t *size, int timeout_ms);

#endif
