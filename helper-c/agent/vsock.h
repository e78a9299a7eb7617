/* vsock(7); musl does not have the kernel's header. */
#ifndef KAGO_VSOCK_H
#define KAGO_VSOCK_H

#include <stdint.h>
#include <sys/socket.h>

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#define CID_ANY UINT32_MAX
#define CID_HOST 2

struct vsock_address {
  sa_family_t family;
  unsigned short reserved;
  unsigned port, cid;
  unsigned char flags, zero[3];
};

#endif
