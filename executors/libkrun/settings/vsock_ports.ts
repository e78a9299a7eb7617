/** One item of `krun.vsock`. Pure. */
import { annotationError } from "./annotations.ts";

/** A unix socket of the container as a vsock port. */
export interface VsockPort {
  readonly port: number;
  readonly path: string;
  /** Does libkrun create the socket, for connections into the guest? Otherwise the guest connects to it. */
  readonly listen: boolean;
}

/** The ports below are privileged in the guest, and kago uses one of them. */
const LEAST = 1024;
/** VMADDR_PORT_ANY (vsock(7)) is not a port. */
const MOST = 0xfffffffe;

/**
 * `[listen:]PORT=SOCKET`, as defined in annotation_table.ts.
 * @throws {SpecError} for a port out of range.
 */
export function parseVsockPort(item: string): VsockPort {
  const listen = item.startsWith("listen:");
  const [number, path] = item.slice(listen ? "listen:".length : 0).split(/=(.*)/s);
  const port = Number(number);
  if (port >= LEAST && port <= MOST) return { port, path: path!, listen };
  throw annotationError(
    "krun.vsock",
    `has the port ${number}, must be from ${LEAST} to ${MOST}`,
  );
}
