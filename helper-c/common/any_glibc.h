/* Must be included first in every program that links to glibc. Since 2.38 its headers give programs with _GNU_SOURCE
 * other versions of strtol(3) and sscanf(3), which also read binary numbers; such a program does not run with an
 * older glibc. */
#ifndef KAGO_ANY_GLIBC_H
#define KAGO_ANY_GLIBC_H

#include <features.h>

#undef __GLIBC_USE_C2X_STRTOL /* 2.38 and 2.39 */
#define __GLIBC_USE_C2X_STRTOL 0
#undef __GLIBC_USE_C23_STRTOL
#define __GLIBC_USE_C23_STRTOL 0

#endif
