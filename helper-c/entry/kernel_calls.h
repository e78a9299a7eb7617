/* System calls for the entry stub, which has no libc: each returns the kernel's result, -errno for an error. */
#ifndef KAGO_ENTRY_KERNEL_CALLS_H
#define KAGO_ENTRY_KERNEL_CALLS_H

#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/un.h>

#include "arch_x86_64.h"
#include "strings.h"

enum { SOCKET_LEVEL = 1, PASS_CREDENTIALS = 16, PEER_CREDENTIALS = 17 };
enum { LOCK_EXCLUSIVE = 2, TYPE_SEQPACKET = 5, NO_SIGNAL = 0x4000, PEEK = 2 };

/* struct user_msghdr and struct iovec as the kernel has them. */
struct message_part {
  void *bytes;
  unsigned long size;
};
struct message_header {
  void *name;
  int name_size;
  struct message_part *parts;
  unsigned long part_count;
  void *control;
  unsigned long control_size;
  unsigned int flags;
};

static inline long close_fd(long fd) { return system_call(__NR_close, fd, 0, 0, 0); }
static inline unsigned int get_uid(void) { return (unsigned int)system_call(__NR_getuid, 0, 0, 0, 0); }

static inline int open_at(int folder, const char *path, int flags) {
  return (int)system_call(__NR_openat, folder, (long)path, flags | O_CLOEXEC, 0);
}

static inline long stat_at(int folder, const char *path, struct stat *info) {
  return system_call(__NR_newfstatat, folder, (long)path, (long)info, 0);
}

static inline long stat_of(int fd, struct stat *info) { return system_call(__NR_fstat, fd, (long)info, 0, 0); }

static inline long lock(int fd) {
  long result;
  do result = system_call(__NR_flock, fd, LOCK_EXCLUSIVE, 0, 0);
  while (result == -EINTR);
  return result;
}

static inline long rename_in(int folder, const char *from, const char *to) {
  return system_call(__NR_renameat, folder, (long)from, folder, (long)to);
}

static inline long remove_in(int folder, const char *path, int flags) {
  return system_call(__NR_unlinkat, folder, (long)path, flags, 0);
}

/* `result` is that of a removal. */
static inline int is_left(long result) { return result != 0 && result != -ENOENT; }

/* Reads a small file as text: its length, or -errno; -EFBIG if it does not fit with its NUL. */
static inline long read_whole(int folder, const char *path, char *text, long size) {
  long fd = open_at(folder, path, O_RDONLY), got = 0, n;
  if (fd < 0) return fd;
  while ((n = system_call(__NR_read, fd, (long)(text + got), size - got, 0)) > 0 && (got += n) < size);
  close_fd(fd);
  if (n < 0) return n;
  if (got == size) return -EFBIG;
  text[got] = 0;
  return length(text) == (unsigned long)got ? got : -EINVAL;
}

/* Are all entries of the directory in the list of names? False if there are more than one call reads. */
static inline int has_only(int folder, const char *names) {
  struct entry {
    unsigned long long inode, offset;
    unsigned short size;
    unsigned char type;
    char name[];
  };
  char entries[1024] __attribute__((aligned(8)));
  long size = system_call(__NR_getdents64, folder, (long)entries, sizeof entries, 0);
  for (long at = 0; at < size;) {
    struct entry *entry = (struct entry *)(entries + at);
    if (!is_equal(entry->name, ".") && !is_equal(entry->name, "..") && !any_matches(names, entry->name, is_equal))
      return 0;
    at += entry->size;
  }
  return size > 0 && system_call(__NR_getdents64, folder, (long)entries, sizeof entries, 0) == 0;
}

/* Connects to the socket `name` in `folder`. By the directory's descriptor, since a socket's path has at most 107
 * bytes. */
static inline int connect_to(int folder, const char *name) {
  struct sockaddr_un address = {.sun_family = 1};
  int fd = (int)system_call(__NR_socket, 1, TYPE_SEQPACKET | O_CLOEXEC, 0, 0);
  if (fd < 0) return fd;
  append(append(append_number(append(address.sun_path, "/proc/self/fd/"), folder), "/"), name);
  long result = system_call(__NR_connect, fd, (long)&address, sizeof address, 0);
  if (result == 0) return fd;
  close_fd(fd);
  return (int)result;
}

static inline long send_byte(int socket, char byte) {
  struct message_part part = {&byte, 1};
  struct message_header header = {.parts = &part, .part_count = 1};
  return system_call(__NR_sendmsg, socket, (long)&header, NO_SIGNAL, 0);
}

/* Was it root, or our own user, that called listen(2) at the other end? */
static inline int is_trusted_peer(int socket) {
  struct {
    int pid;
    unsigned int uid, gid;
  } peer;
  int size = sizeof peer;
  return system_call_of_5(__NR_getsockopt, socket, SOCKET_LEVEL, PEER_CREDENTIALS, (long)&peer, (long)&size) == 0 &&
         (peer.uid == 0 || peer.uid == get_uid());
}

/* From now on messages on the socket have their sender's credentials. */
static inline long learn_senders(int socket) {
  int on = 1;
  return system_call_of_5(__NR_setsockopt, socket, SOCKET_LEVEL, PASS_CREDENTIALS, (long)&on, sizeof on);
}

/* Waits for the other end: 1 if it has closed the connection, 0 if there is data, which is not consumed. */
static inline int peek_end(int socket) {
  char byte;
  struct message_part part = {&byte, 1};
  struct message_header header = {.parts = &part, .part_count = 1};
  long result;
  do result = system_call(__NR_recvmsg, socket, (long)&header, PEEK, 0);
  while (result == -EINTR);
  return result == 0;
}

struct time_span {
  long seconds, nanoseconds;
};

static inline void sleep_for_ms(long milliseconds) {
  struct time_span span = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  system_call(__NR_nanosleep, (long)&span, 0, 0, 0);
}

/* Waits until the descriptor, which is O_NONBLOCK, is writable. */
static inline void wait_to_write(int fd) {
  struct {
    int fd;
    short events, revents;
  } one = {fd, 4 /* POLLOUT */, 0};
  system_call(__NR_poll, (long)&one, 1, -1, 0);
}

/* Is this the host's own user namespace, which maps all ids to themselves? */
static inline int is_whole_id_range(void) {
  char map[128], *at = map;
  if (read_whole(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) <= 0) return 0;
  for (const char *wanted =
           "0\0"
           "0\0"
           "4294967295\0";
       *wanted; wanted += length(wanted) + 1) {
    while (*at == ' ') at++;
    if (!starts_with(at, wanted)) return 0;
    at += length(wanted);
    if (*at != ' ' && *at != '\n') return 0;
  }
  return is_equal(at, "\n");
}

#endif
