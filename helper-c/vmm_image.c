/* The VMM's program, carried inside the shim: starting it takes no file of the host. */
#include "shim.h"

/* VMM_FILE is the compiled program; the build names it. */
#ifndef VMM_FILE
#define VMM_FILE "build/helpers/vmm"
#endif

__asm__(
    ".pushsection .rodata\n"
    "vmm_image:\n"
    ".incbin \"" VMM_FILE "\"\n"
    "vmm_image_end:\n"
    ".popsection\n");
extern const uint8_t vmm_image[] __attribute__((visibility("hidden")));
extern const uint8_t vmm_image_end[] __attribute__((visibility("hidden")));

int kago_vmm_program(void) { return kago_memory_file("kago", vmm_image, (uint32_t)(vmm_image_end - vmm_image)); }
