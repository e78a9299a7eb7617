/**
 * Where the socket of a microVM's guest agent is: a folder in the container's state that belongs to the VMM's user alone,
 * in which libkrun makes the socket.
 */

/** The socket's name in the folder, for the VMM. */
export const AGENT_SOCKET = "agent.sock";

export function agentFolder(root: string, id: string): string {
  return `${root}/${id}/vm`;
}

/** Makes the folder. */
export function makeAgentFolder(path: string, { uid, gid }: { uid: number; gid: number }): void {
  Deno.mkdirSync(path, { mode: 0o700 });
  Deno.chownSync(path, uid, gid);
}
