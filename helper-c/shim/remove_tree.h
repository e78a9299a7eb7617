#ifndef KAGO_REMOVE_TREE_H
#define KAGO_REMOVE_TREE_H

/* Removes the directory `name` in `parent` with all its contents: 0, also if it does not exist, or -errno. Links are
 * removed, not followed. A mount is -EXDEV or -EBUSY, and stays. Memory and descriptors needed do not depend on the
 * depth. */
int remove_tree(int parent, const char *name);

#endif
