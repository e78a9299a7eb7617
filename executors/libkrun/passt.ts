/**
 * `krun.use_passt`: a network card served by passt(1), a program of the host. The VMM starts it (helper-c/vmm/passt.c);
 * this module finds the program and its arguments.
 */
import { closeFd } from "../../ffi/descriptors.ts";
import { openTrusted } from "../../ffi/trusted_file.ts";
import type { Given } from "../../runtime/administrator_file.ts";
import { HostError } from "../../runtime/common/errors.ts";
import { findOwnProgram } from "../../runtime/own_files.ts";

/** With so many descriptors passt can bind every port, TCP and UDP, IPv4 and IPv6. */
const ALL_PORTS_LIMIT = 4 * 65536;

/** Descriptors that passt has for connections when not every port can be bound. */
const RESERVE = 2048;

/**
 * @param wantedBy the place that requires it.
 * @param named by the administrator.
 * @throws {HostError} when it is not installed, or other users than root could change it.
 */
export function findPasst(wantedBy: string, named?: Given<string>): string {
  const path = passtPath(named);
  if (path) return path;
  throw new HostError(
    `${wantedBy} needs passt, which is not installed`,
    "install passt, or choose another network",
  );
}

/**
 * passt's arguments. It keeps the ids of the container's root, so that it can bind ports below 1024, and drops its other
 * capabilities by itself. The gateway's address is not mapped to the host, because engines have their name server there.
 * passt reports its readiness on standard output, since it closes every descriptor above the socket's.
 * @param ports `HOST:GUEST` pairs; undefined for as many as can be bound.
 * @param fileLimit the hard limit on open files.
 */
export function passtArguments(ports: readonly string[] | undefined, fileLimit: number): string[] {
  const spec = ports ? ports.join(",") || "none" : openPorts(fileLimit);
  return [
    ...["--foreground", "--quiet", "--fd", "3", "--pid", "/proc/self/fd/1"],
    ...["--runas", "0:0", "--no-map-gw"],
    ...["--tcp-ports", spec, "--udp-ports", spec],
  ];
}

function openPorts(fileLimit: number): string {
  if (fileLimit >= ALL_PORTS_LIMIT) return "all";
  return `1-${Math.max(1, Math.floor((fileLimit - RESERVE) / 4))}`;
}

/** The program that the VMM starts. */
export interface PasstCommand {
  readonly program: string;
  /** Begins with the program's own name. */
  readonly args: readonly string[];
}

/** Undefined if there is none; a named one is returned, or an error is thrown. */
export function passtPath(named?: Given<string>): string | undefined {
  if (!named) return findOwnProgram("passt");
  closeFd(openTrusted(named.value, named.from));
  return named.value;
}

/** Pure, except for the program's path and the limit on open files. */
export function passtCommand(
  ports: readonly string[] | undefined,
  named?: Given<string>,
): PasstCommand {
  const program = passtPath(named) ?? "passt";
  return { program, args: [program, ...passtArguments(ports, hardFileLimit())] };
}

/** The limit of this process, from /proc/self/limits (proc_pid_limits(5)). */
function hardFileLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === "unlimited" ? Infinity : Number(hard);
}
