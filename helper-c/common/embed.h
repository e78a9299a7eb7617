/* Embeds a file in the program: `NAME_image` is its first byte, `NAME_image_end` the byte after its last. */
#ifndef KAGO_EMBED_H
#define KAGO_EMBED_H

#include <stdint.h>

#define EMBED(name, file) \
  __asm__(".pushsection .rodata\n" #name \
          "_image:\n" \
          ".incbin \"" file "\"\n" #name \
          "_image_end:\n" \
          ".popsection\n"); \
  extern const uint8_t name##_image[] __attribute__((visibility("hidden"))); \
  extern const uint8_t name##_image_end[] __attribute__((visibility("hidden")))

#endif
