/* The guest agent, carried inside the VMM's program, which gives it to the guest. */
#include "agent_image.h"

/* AGENT_FILE is the compiled program; the build names it. */
#ifndef AGENT_FILE
#define AGENT_FILE "build/helpers/agent"
#endif

__asm__(
    ".pushsection .rodata\n"
    "agent_image:\n"
    ".incbin \"" AGENT_FILE "\"\n"
    "agent_image_end:\n"
    ".popsection\n");
extern const uint8_t agent_image[] __attribute__((visibility("hidden")));
extern const uint8_t agent_image_end[] __attribute__((visibility("hidden")));

const uint8_t *agent_program(size_t *size) {
  *size = (size_t)(agent_image_end - agent_image);
  return agent_image;
}
