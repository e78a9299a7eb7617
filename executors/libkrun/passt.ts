/**
 * `krun.use_passt`: a network card that passt(1) serves. passt is a program of the host, started by the init stage in the
 * container's namespaces while the host's files are in sight; it ends when the VMM closes the socket between them.
 */
import { closeFd, openPidfd, type Peer, spawnPeer, waitPidfd } from "../../ffi/shim.ts";
import { retry } from "../../runtime/cgroup/backoff.ts";
import { HostError } from "../../runtime/errors.ts";
import { findProgram } from "../../runtime/find_program.ts";

/** Milliseconds; binding every port takes some hundred, and ten times that on an emulated host. */
const PATIENCE = 30_000;

/** With so many descriptors passt can bind every port, TCP and UDP, IPv4 and IPv6. */
const ALL_PORTS_LIMIT = 4 * 65536;

/** Descriptors that passt has for connections when not every port can be bound. */
const RESERVE = 2048;

/** @throws {HostError} when it is not installed. */
export function findPasst(): string {
  const path = findProgram("passt");
  if (path) return path;
  throw new HostError(
    'annotations["krun.use_passt"] needs passt, which is not installed',
    "install passt, or leave the annotation out",
  );
}

/**
 * passt's arguments. It keeps the ids of the container's root, which it gives all capabilities away of itself, so that it
 * can bind ports below 1024; the gateway's address stays the gateway's, where engines have their name server.
 * @param ports `HOST:GUEST` pairs; undefined for as many as can be bound.
 * @param fileLimit the hard limit on open files.
 */
export function passtArguments(ports: readonly string[] | undefined, fileLimit: number): string[] {
  const spec = ports ? ports.join(",") || "none" : openPorts(fileLimit);
  return [
    ...["--foreground", "--quiet", "--fd", "3", "--pid", "/proc/self/fd/4"],
    ...["--runas", "0:0", "--no-map-gw"],
    ...["--tcp-ports", spec, "--udp-ports", spec],
  ];
}

function openPorts(fileLimit: number): string {
  if (fileLimit >= ALL_PORTS_LIMIT) return "all";
  return `1-${Math.max(1, Math.floor((fileLimit - RESERVE) / 4))}`;
}

/**
 * Starts passt and waits until it serves.
 * @returns our end of its socket.
 * @throws {HostError} with passt's own words, when it does not.
 */
export function startPasst(ports: readonly string[] | undefined): number {
  const peer = spawnPeer(findPasst(), passtArguments(ports, hardFileLimit()));
  const pidfd = openPidfd(peer.pid);
  const hasEnded = () => pidfd === undefined || waitPidfd(pidfd, 0);
  const isReady = () => Deno.statSync(`/proc/self/fd/${peer.ready}`).size > 0;
  let ended = false;
  const done = retry(PATIENCE, () => isReady() || (ended = hasEnded()));
  const words = readLog(peer);
  for (const fd of [peer.log, peer.ready, ...(pidfd === undefined ? [] : [pidfd])]) closeFd(fd);
  if (done && !ended) return peer.fd;
  throw new HostError(
    `passt ${ended ? "has ended" : "is not ready"}: ${words}`,
    "give the container a network with an address and a route, or leave krun.use_passt out",
  );
}

/** Without a host's syslog in sight, passt complains of that before everything else. */
function readLog({ log }: Peer): string {
  const lines = Deno.readTextFileSync(`/proc/self/fd/${log}`).split("\n");
  return lines.filter((line) => line && !line.endsWith(" to syslog")).join(", ");
}

/** Of this process, by /proc/self/limits (proc_pid_limits(5)). */
function hardFileLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === "unlimited" ? Infinity : Number(hard);
}
