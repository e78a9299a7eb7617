/* The stage program, carried inside the shim: starting it takes no file of the host. */
#include "shim.h"

/* STAGE_FILE is the compiled program; the build names it. */
#ifndef STAGE_FILE
#define STAGE_FILE "build/helpers/stage"
#endif

__asm__(
    ".pushsection .rodata\n"
    "stage_image:\n"
    ".incbin \"" STAGE_FILE "\"\n"
    "stage_image_end:\n"
    ".popsection\n");
extern const uint8_t stage_image[] __attribute__((visibility("hidden")));
extern const uint8_t stage_image_end[] __attribute__((visibility("hidden")));

int kago_stage_program(void) {
  return kago_memory_file("kago", stage_image, (uint32_t)(stage_image_end - stage_image));
}
