/* The messages between the stages and Main, one datagram each (runtime/stages/message.ts has the same layout).
 *
 *   Main                 Intermediate            Init (or vmm)
 *    |-- spawn ------------->|
 *    |<------- SYNC ---------|                      at a sync point, with its number
 *    |-------- 'A' --------->|                      (for hooks with a file of states, each ended by NUL)
 *    |                       |-- clone3 ------------->|
 *    |<------- CHILD --------|                        |  Init's pid as Main's namespace sees it
 *    |<------- LISTENER ------------------------------|  with the seccomp listener's descriptor
 *    |<------- CONSOLE -------------------------------|  with the master's descriptor
 *    |<------- SOCKET -------|                        |  instead of Init: with our end of criu's socket
 *    |<------- READY ---------------------------------|
 *    |-------- 'C' ---------------------------------->|  committed: state is saved, wait for `start`; or
 *    |-------- 'S' ---------------------------------->|  start at once (run)
 *    |<------- FAILED --------------------------------|  at any time (a hook's with its output, hook.h); end of
 *    |                       |                        |  file instead means that the exec has happened
 *
 * Each is accepted only from the process of its column, as identified by the kernel (SCM_CREDENTIALS).
 *
 * `start` connects to the container's notify socket, sends 'S' and reads FAILED, or end of file after the exec. */
#ifndef KAGO_MESSAGE_H
#define KAGO_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* FAILED may be followed by findings: the state of the operation's paths, or its own message (failure.c). */
enum message_type {
  MESSAGE_SYNC = 1,
  MESSAGE_CHILD,
  MESSAGE_CONSOLE,
  MESSAGE_READY,
  MESSAGE_FAILED,
  MESSAGE_LISTENER,
  MESSAGE_SOCKET
};

struct message {
  uint32_t type;
  uint32_t stage;
  uint32_t value; /* SYNC: the point; CHILD: the pid; FAILED: the operation's index in its stage */
  int32_t error;  /* FAILED: errno */
};

/* FAILED with findings (failure.c); a guest sends the same bytes in a frame. */
enum { FINDINGS_MAX = 6 * (4 + 1024) };
struct failure {
  struct message head;
  uint8_t findings[FINDINGS_MAX];
};

#define ANSWER_GO_ON 'A'
#define ANSWER_COMMITTED 'C'
#define ANSWER_START 'S'

struct sockaddr_un;

/* The address of a socket at `path`: 0 or -ENAMETOOLONG. */
int unix_address(const char *path, struct sockaddr_un *address);

/* Like send(2) with MSG_NOSIGNAL, with `fd` attached unless it is -1: how many bytes, or -errno. */
int socket_send(int socket, const void *bytes, size_t size, int flags, int fd);

/* Like recv(2): how many bytes, 0 at end of file, or -errno. *passed gets a descriptor attached to them, or -1.
 * There is room for one; the kernel installs no more. */
int socket_receive(int socket, void *bytes, size_t size, int flags, int *passed);

/* Sends a message, with `fd` attached unless it is -1: 0 or -errno. */
int message_send(int socket, const struct message *message, int fd);

/* Waits for one answer byte: the byte, 0 at end of file, or -errno. */
int answer_receive(int socket);

/* Like answer_receive. *text gets the contents of a file passed with the answer, if any, followed by two NULs, in
 * allocated memory. It is a file because the size of a datagram is limited, and that of annotations is not. */
int answer_receive_text(int socket, char **text);

#endif
