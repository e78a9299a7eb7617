/* Who asks a runtime for a pidfd: `pidfd_receiver PATH` listens there, says "listening", and prints the text and the pid that
 * the descriptor stands for, of one connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int pid_of(int pidfd) {
  char path[64], line[128];
  int pid = -1;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  FILE *info = fopen(path, "r");
  while (info && fgets(line, sizeof line, info)) sscanf(line, "Pid: %d", &pid);
  if (info) fclose(info);
  return pid;
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[256], space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  if (argc != 2) return 2;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), pidfd = -1;
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1) < 0) return 1;
  puts("listening");
  fflush(stdout);
  ssize_t n = recvmsg(accept(listener, NULL, NULL), &message, 0);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (n < 0 || !header || header->cmsg_type != SCM_RIGHTS) return 1;
  memcpy(&pidfd, CMSG_DATA(header), sizeof pidfd);
  text[n] = 0;
  printf("%s %d\n", text, pid_of(pidfd));
  return 0;
}
