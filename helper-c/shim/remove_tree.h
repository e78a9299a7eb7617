#ifndef KAGO_REMOVE_TREE_H
#define KAGO_REMOVE_TREE_H

/* Removes the folder `name` in `parent` with all that is in it: 0, also when it is not there, or -errno. Links are removed, not
 * followed, and a mount is -EXDEV or -EBUSY and stays. However deep it is, it takes as many descriptors and as much memory. */
int remove_tree(int parent, const char *name);

#endif
