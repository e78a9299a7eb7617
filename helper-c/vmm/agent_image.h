/* The guest agent (helper-c/agent) as the VMM's program carries it. */
#ifndef KAGO_AGENT_IMAGE_H
#define KAGO_AGENT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The program's bytes, and how many in *size. */
const uint8_t *agent_program(size_t *size);

#endif
