/** Values common to all versions of libkrun: filesystem devices, and the connection to kago's agent in the guest. */
import { argument } from "./krun_call.ts";

/** libkrun.h, KRUN_DISK_FORMAT_*. */
export const DISK_FORMATS = { raw: 0, qcow2: 1 } as const;

/** The tag under which a guest kernel looks for its root (libkrun.h, KRUN_FS_ROOT_TAG). */
export const ROOT_TAG = "/dev/root";

/** Bytes, as for krun_set_root(). */
export const DAX_WINDOW = 512 * 1024 * 1024;

/** The container's root in the VMM. */
export const ROOT = argument.text("/");

/**
 * The tag that the agent mounts; the port on which it listens; the host's port to which it connects with its process's
 * streams; its path; and its argument for DAX (helper-c/agent/main.c).
 */
export const AGENT = {
  tag: "kago",
  port: 1,
  streamsPort: 2,
  program: "/agent",
  dax: "dax",
} as const;

/** The place that requires the agent's calls. */
export const AGENT_FROM = 'annotations["krun.agent"]';

/** Created by vmmStreams, in the directory of the agent's socket (helper-c/vmm/vmm_streams.c). */
export const STREAMS_SOCKET = "streams.sock";
