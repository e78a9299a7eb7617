/**
 * The name of the socket by which kago's commands reach a microVM's guest agent, in the container's state: kago makes it and
 * the VMM serves it, but cannot put another in its place. The agent's own socket, which libkrun makes in a small filesystem
 * that only the VMM holds, has the same name (helper-c/session/agent_client.h).
 */
export const AGENT_SOCKET = "agent.sock";
