/* The guest agent, embedded in the VMM's program, which hands it to the guest. */
#include "agent_image.h"

#include "../common/embed.h"

/* AGENT_FILE is the compiled program; the build names it. */
#ifndef AGENT_FILE
#define AGENT_FILE "build/helpers/agent"
#endif

EMBED(agent, AGENT_FILE);

const uint8_t *agent_program(size_t *size) {
  *size = (size_t)(agent_image_end - agent_image);
  return agent_image;
}
