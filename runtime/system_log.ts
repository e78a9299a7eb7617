/**
 * Log entries for the host's own log: `journald:NAME` and `syslog:NAME` as values of `--log`, as crun has them. Owns the two
 * protocols; loaded only when one of them is asked for.
 */
import { send } from "../ffi/descriptors.ts";
import { notifyConnect } from "../ffi/processes.ts";
import { HostError } from "./common/errors.ts";
import type { Level } from "./log.ts";

/** By the word before the colon: where its daemon listens, and an entry in its form. */
const LOGS = {
  journald: { socket: "/run/systemd/journal/socket", format: journalEntry },
  syslog: { socket: "/dev/log", format: syslogEntry },
} as const;

/** Severities of syslog(3). */
const SEVERITIES = { error: 3, warning: 4, info: 6, debug: 7 } as const;
/** LOG_USER of syslog(3). */
const FACILITY = 1 << 3;

/**
 * Where the entries of `--log journald:NAME` or `syslog:NAME` go. Without a name they are kago's.
 * @throws {HostError} when nobody listens there.
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

/** As systemd's native protocol has it, a field a line; a message is one line here. */
export function journalEntry(name: string, level: Level, message: string): string {
  return [
    `MESSAGE=${message}`,
    `PRIORITY=${SEVERITIES[level]}`,
    `SYSLOG_IDENTIFIER=${name}`,
    `SYSLOG_PID=${Deno.pid}`,
    "",
  ].join("\n");
}

/** As RFC 3164 has it, without a time: the daemon gives one. */
export function syslogEntry(name: string, level: Level, message: string): string {
  return `<${FACILITY | SEVERITIES[level]}>${name}[${Deno.pid}]: ${message}`;
}
