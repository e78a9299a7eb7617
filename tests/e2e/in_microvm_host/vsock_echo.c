/* In a guest: `vsock_echo PORT` sends its standard input to the host's vsock port and prints the answer; `vsock_echo
 * listen PORT` accepts one connection and sends back what it receives, once. */
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  int listening = argc > 2;
  unsigned cid = listening ? VMADDR_CID_ANY : VMADDR_CID_HOST;
  struct sockaddr_vm address = {
      .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = (unsigned)strtoul(argv[argc - 1], NULL, 10)};
  char bytes[256];
  int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (fd < 0) return fail("socket");
  if (listening) {
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1)) return fail("listen");
    puts("listening");
    fflush(stdout);
    fd = accept(fd, NULL, NULL);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    return n < 0 || write(fd, bytes, (size_t)n) != n ? fail("echo") : 0;
  }
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) return fail("connect");
  ssize_t n = read(0, bytes, sizeof bytes);
  if (n < 0 || write(fd, bytes, (size_t)n) != n) return fail("write");
  n = read(fd, bytes, sizeof bytes);
  return n < 0 || write(1, bytes, (size_t)n) != n ? fail("read") : 0;
}
