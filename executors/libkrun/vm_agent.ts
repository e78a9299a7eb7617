/**
 * The guest agent as calls of libkrun: the guest's root is a folder that only the VMM holds, with the agent in it; the
 * container's file system is a second device, which the agent mounts; and its port is a socket on the host.
 */
import { AGENT_SOCKET } from "../../runtime/state/agent_folder.ts";
import { readGuestAddress } from "./guest_address.ts";
import type { Vm } from "./configure_vm.ts";
import type { VmSettings } from "./settings.ts";

/** Descriptors of folders that lie nowhere in the container's file system (helper-c/op_agent.c). */
export interface AgentFolders {
  /** With the agent and its plan. */
  readonly root: number;
  /** Where its socket goes. */
  readonly run: number;
}

/** The tag that the agent mounts, the port that it listens on, and its path (helper-c/agent/main.c). */
const TAG = "kago";
const PORT = 1;
const PROGRAM = "/agent";

const FROM = 'annotations["krun.agent"]';

export function configureAgent(
  { libkrun, context, passt }: Vm,
  { daxWindow }: VmSettings,
  { root, run }: AgentFolders,
): void {
  const { extras } = libkrun;
  // libkrun opens its roots with O_NOFOLLOW: the dot goes through the descriptor's link.
  libkrun.setRoot(context, `/proc/self/fd/${root}/.`);
  if (daxWindow === undefined) extras.call("krun_add_virtiofs", FROM, context, TAG, "/");
  else extras.call("krun_add_virtiofs2", FROM, context, TAG, "/", BigInt(daxWindow));
  const socket = `/proc/self/fd/${run}/${AGENT_SOCKET}`;
  extras.call("krun_add_vsock_port2", FROM, context, PORT, socket, true);
  const card = passt === undefined ? undefined : readGuestAddress();
  const env = card === undefined ? [] : [`KAGO_CARD=${card}`];
  extras.call("krun_set_exec", FROM, context, PROGRAM, [], env);
}
