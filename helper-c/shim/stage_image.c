/* The stage program, embedded in the shim, so that starting it needs no file of the host. */
#include "../common/embed.h"
#include "shim.h"

/* STAGE_FILE is the compiled program; the build names it. */
#ifndef STAGE_FILE
#define STAGE_FILE "build/helpers/stage"
#endif

EMBED(stage, STAGE_FILE);

int kago_stage_program(void) { return kago_program_file(stage_image, (uint32_t)(stage_image_end - stage_image)); }
