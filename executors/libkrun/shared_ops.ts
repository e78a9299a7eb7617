/** What of a microVM is the same over every libkrun: its file systems, and how kago's agent in the guest is reached. */
import { argument } from "./krun_call.ts";

/** libkrun.h, KRUN_DISK_FORMAT_*. */
export const DISK_FORMATS = { raw: 0, qcow2: 1 } as const;

/** The tag under which a guest kernel looks for its root (libkrun.h, KRUN_FS_ROOT_TAG). */
export const ROOT_TAG = "/dev/root";

/** Bytes; what krun_set_root() takes. */
export const DAX_WINDOW = 512 * 1024 * 1024;

/** Where the container's root is for the VMM. */
export const ROOT = argument.text("/");

/**
 * The tag that the agent mounts, the port that it listens on, the host's to which it connects with its process's streams,
 * its path, and its argument for DAX (helper-c/agent/main.c).
 */
export const AGENT = {
  tag: "kago",
  port: 1,
  streamsPort: 2,
  program: "/agent",
  dax: "dax",
} as const;

/** What its calls are wanted by. */
export const AGENT_FROM = 'annotations["krun.agent"]';

/** Made by vmmStreams, in the directory of the agent's socket (helper-c/vmm/vmm_streams.c). */
export const STREAMS_SOCKET = "streams.sock";
