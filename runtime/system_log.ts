/**
 * Log entries for the host's log: `journald:NAME` and `syslog:NAME` as values of `--log`, as in crun. Owns the two
 * protocols; loaded only when one of them is requested.
 */
import { send } from "../ffi/descriptors.ts";
import { notifyConnect } from "../ffi/processes.ts";
import { HostError } from "./common/errors.ts";
import type { Level } from "./log.ts";

/** By the word before the colon: the socket of the daemon, and the format of an entry. */
const LOGS = {
  journald: { socket: "/run/systemd/journal/socket", format: journalEntry },
  syslog: { socket: "/dev/log", format: syslogEntry },
} as const;

/** Severities of syslog(3). */
const SEVERITIES = { error: 3, warning: 4, info: 6, debug: 7 } as const;
/** LOG_USER of syslog(3). */
const FACILITY = 1 << 3;

/**
 * Returns the function that sends entries to `--log journald:NAME` or `syslog:NAME`. The default name is kago.
 * @throws {HostError} when no daemon listens there.
 */
export function openSystemLog(log: string): (level: Level, message: string) => void {
  const [kind, name = ""] = splitAtColon(log);
  const { socket, format } = LOGS[kind as keyof typeof LOGS];
  const fd = connected(socket, `${kind}:`);
  return (level, message) =>
    send(fd, new TextEncoder().encode(format(name || "kago", level, message)));
}

function splitAtColon(log: string): [kind: string, name: string] {
  const colon = log.indexOf(":");
  return [log.slice(0, colon), log.slice(colon + 1)];
}

function connected(socket: string, option: string): number {
  try {
    return notifyConnect(socket);
  } catch (cause) {
    throw new HostError(
      `--log ${option} cannot connect to ${socket}: ${(cause as Error).message}`,
      "start its daemon, or name a file with --log",
      { cause },
    );
  }
}

/** systemd's native protocol, one field per line; the message must be a single line. */
export function journalEntry(name: string, level: Level, message: string): string {
  return [
    `MESSAGE=${message}`,
    `PRIORITY=${SEVERITIES[level]}`,
    `SYSLOG_IDENTIFIER=${name}`,
    `SYSLOG_PID=${Deno.pid}`,
    "",
  ].join("\n");
}

/** The format of RFC 3164, without a time: the daemon adds one. */
export function syslogEntry(name: string, level: Level, message: string): string {
  return `<${FACILITY | SEVERITIES[level]}>${name}[${Deno.pid}]: ${message}`;
}
