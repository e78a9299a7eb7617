/* The mounts of this process's namespace that lie below its root, as the kernel tells them. */
#ifndef KAGO_MOUNT_TABLE_H
#define KAGO_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct mount_entry {
  int number, parent;
  const char *path, *type; /* where it is mounted; its filesystem */
};

struct mount_table {
  char *text;
  struct mount_entry *mounts;
  size_t count;
};

/* 0, and the caller frees it; or -errno. */
int mount_table_read(struct mount_table *table);
void mount_table_free(struct mount_table *table);

/* Is it mounted in the mount with that number, or in one that is? */
bool mount_is_below(const struct mount_table *table, const struct mount_entry *mount, int number);

/* The number of the mount that a descriptor is open on, or -errno. */
int mount_number(int fd);

#endif
