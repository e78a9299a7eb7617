/**
 * Where the socket of a microVM's guest agent is: a folder in the container's state that is the VMM's user's, in which
 * libkrun makes the socket.
 */

/** The socket's name in the folder, for the VMM. */
export const AGENT_SOCKET = "agent.sock";

export function agentFolder(root: string, id: string): string {
  return `${root}/${id}/vm`;
}

/**
 * Makes the folder. An ordinary user cannot give it away: there it is open to all who reach it, which nobody else does
 * through the container's folder, and the VMM has a mount of its own.
 */
export function makeAgentFolder(path: string, { uid, gid }: { uid: number; gid: number }): void {
  Deno.mkdirSync(path, { mode: 0o700 });
  if (Deno.uid() === 0) Deno.chownSync(path, uid, gid);
  else Deno.chmodSync(path, 0o777);
}
