/**
 * Where kago's commands reach a microVM's guest agent: by a socket in the container's state, which kago makes and the VMM
 * serves, but cannot put another in the place of. The agent's own socket, which libkrun makes, is in a small filesystem that
 * only the VMM holds.
 */

/** The name of both sockets (helper-c/session/agent_client.h). */
export const AGENT_SOCKET = "agent.sock";

/** The folder of the socket for kago's commands. */
export function agentFolder(root: string, id: string): string {
  return `${root}/${id}`;
}
