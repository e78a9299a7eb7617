/** `ps` of a microVM with an agent: the guest's processes, as a table or as JSON. */
import type { Invocation } from "../cli/command_table.ts";
import { HostError, StateError, UsageError } from "../common/errors.ts";
import type { Logger } from "../log.ts";
import { askGuest, hasAgent, NoAnswer, runningGuest } from "../container/guest.ts";
import { type GuestProcesses, readProcesses } from "../container/guest_answers.ts";
import { stringifyJson } from "../spec/json.ts";
import type { Status, StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";

/**
 * What `ps` prints of the guest; undefined when it has a table of the host's processes to print instead, after a warning
 * if the guest should have answered.
 * @throws {UsageError} for options of the host's ps.
 * @throws {StateError | HostError} when --format guest asks for nothing else than what cannot be had.
 */
export function guestPs(
  root: string,
  state: StoredState,
  { options: { format }, positionals: [id, ...psOptions] }: Invocation<"ps">,
  logger: Logger,
): string | undefined {
  refuseOptions(state, psOptions, format);
  const status = liveStatus(state, () => isUnlocked(root, state.id));
  const answer = answerOf(root, state, status);
  if (!(answer instanceof NoAnswer)) {
    return format === "guest" ? guestJson(answer) : guestTable(answer);
  }
  if (format === "guest") throw refusal(state, status, answer);
  // Before start and after the end there is no guest, and nothing to be missed.
  if (status === "running" || status === "paused") {
    logger.warn(`the guest of container ${id} ${answer.problem}: these are its VMM's processes`);
  }
  return undefined;
}

function refuseOptions(state: StoredState, options: readonly string[], format: string): void {
  if (options.length === 0) return;
  if (format === "guest") throw new UsageError("--format guest takes no options for ps");
  throw new UsageError(
    `${
      options.join(" ")
    } is for the host's ps, which sees only the VMM of container ${state.id}: ` +
      "add --format host for that, or leave it out to see the guest's processes",
  );
}

function answerOf(root: string, state: StoredState, status: Status): GuestProcesses | NoAnswer {
  const guest = runningGuest(root, state, () => status);
  if (guest !== undefined) return askGuest(guest, "processes", readProcesses);
  return new NoAnswer(`cannot be asked: it is ${status}`);
}

function refusal(state: StoredState, status: string, { problem, cause }: NoAnswer): Error {
  const { id } = state;
  if (!hasAgent(state)) {
    return new HostError(
      `container ${id} has no guest that could tell of its processes`,
      "only a microVM with kago's agent has: use another format",
    );
  }
  if (status !== "running") return new StateError(id, "ask the guest of", status, ["running"]);
  return new HostError(
    `the guest of container ${id} ${problem}`,
    "--format host shows its VMM",
    { cause },
  );
}

function guestJson({ processes, leftOut }: GuestProcesses): string {
  return `${stringifyJson({ processes, leftOut })}\n`;
}

/** As `ps -ef` has it, as far as the guest tells. */
export function guestTable({ processes, leftOut }: GuestProcesses): string {
  const rows = processes.map(({ uid, pid, ppid, cpu, name }) => [
    `${uid}`.padEnd(8),
    `${pid}`.padStart(7),
    `${ppid}`.padStart(7),
    clock(cpu).padStart(8),
    name,
  ]);
  const header = ["UID     ", "    PID", "   PPID", "    TIME", "CMD"];
  const rest = leftOut > 0
    ? [[`… and ${leftOut} more, for which the guest's answer had no room`]]
    : [];
  return [header, ...rows, ...rest].map((row) => `${row.join(" ")}\n`).join("");
}

/** Nanoseconds as ps has CPU time: hours, minutes and seconds. */
function clock(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  return [seconds / 3600n, seconds / 60n % 60n, seconds % 60n]
    .map((part) => `${part}`.padStart(2, "0")).join(":");
}
