/** Limits of a microVM's size, and the form of its disks: for annotations, images' files and the administrator's. */

/** libkrun.h uses a byte; libkrun is not designed for more than 16 vCPUs, and crun has the same limit. */
export const MAX_CPUS = 16;

/** With this much the guest kernel of libkrunfw boots and leaves half of it to the container. */
export const MIN_RAM_MIB = 128;

/** 1 TiB: the page tables alone of a larger guest would not fit the hosts that run containers. */
export const MAX_RAM_MIB = 1024 * 1024;

/** libkrun.h: 0 nothing, 1 errors, 2 warnings, 3 information, 4 debugging, 5 everything. */
export const MAX_LOG_LEVEL = 5;

/** Bytes of the guest's address space, 1 TiB. */
export const MAX_DAX_WINDOW = 2 ** 40;

/** `PATH[:raw|:qcow2][:ro]`, a path in the container. */
export const DISK = {
  pattern: /^\/[^\0,:]*(:(raw|qcow2|ro))*$/,
  form: "PATH[:raw|:qcow2][:ro] with an absolute path in the container",
} as const;
