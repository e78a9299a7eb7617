/**
 * Where the socket of a microVM's guest agent is: a folder in the container's state that is the VMM's user's, in which
 * libkrun makes the socket.
 */

/** The socket's name in the folder, for the VMM. */
export const AGENT_SOCKET = "agent.sock";

export function agentFolder(root: string, id: string): string {
  return `${root}/${id}/guest/vm`;
}

/**
 * Makes the folder, in one that nobody else gets through; the VMM has a mount of its own. An ordinary user cannot give it
 * away, so there it is open to all.
 */
export function makeAgentFolder(path: string, { uid, gid }: { uid: number; gid: number }): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { mode: 0o700 });
  Deno.mkdirSync(path, { mode: 0o700 });
  if (Deno.uid() === 0) Deno.chownSync(path, uid, gid);
  else Deno.chmodSync(path, 0o777);
}
