/* The mounts in this process's mount namespace that are below its root, as reported by the kernel. */
#ifndef KAGO_MOUNT_TABLE_H
#define KAGO_MOUNT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct mount_entry {
  int number, parent;
  const char *path, *type; /* mount point and filesystem type */
};

struct mount_table {
  char *text;
  struct mount_entry *mounts;
  size_t count;
};

/* 0, and the caller must free the table; or -errno. */
int mount_table_read(struct mount_table *table);
void mount_table_free(struct mount_table *table);

/* Is the mount with that number among the mount's ancestors? */
bool mount_is_below(const struct mount_table *table, const struct mount_entry *mount, int number);

/* The number of the mount on which a descriptor is open, or -errno. */
int mount_number(int fd);

#endif
