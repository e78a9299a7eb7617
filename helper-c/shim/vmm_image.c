/* The VMM's program, embedded in the shim, so that starting it needs no file of the host. */
#include "../common/embed.h"
#include "shim.h"

/* VMM_FILE is the compiled program; the build names it. */
#ifndef VMM_FILE
#define VMM_FILE "build/helpers/vmm"
#endif

EMBED(vmm, VMM_FILE);

int kago_vmm_program(void) { return kago_program_file(vmm_image, (uint32_t)(vmm_image_end - vmm_image)); }
