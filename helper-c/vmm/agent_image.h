/* The guest agent (helper-c/agent), embedded in the VMM's program. */
#ifndef KAGO_AGENT_IMAGE_H
#define KAGO_AGENT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The program's bytes; their number in *size. */
const uint8_t *agent_program(size_t *size);

#endif
