/**
 * The name of the socket by which kago's commands reach a microVM's guest agent, in the container's state. kago creates it
 * and the VMM serves it, but cannot replace it. The agent's own socket, which libkrun makes in a small filesystem that only
 * the VMM can reach, has the same name (helper-c/session/agent_client.h).
 */
export const AGENT_SOCKET = "agent.sock";
