/** `ps` of a microVM with an agent: the guest's processes, as a table or as JSON. */
import { HostError, StateError, UsageError } from "../../../runtime/common/errors.ts";
import { stringifyJson } from "../../../runtime/spec/json.ts";
import type { AgentContainer, PsRequest } from "../../interface/agent.ts";
import { askGuest, NoAnswer } from "./ask.ts";
import { type GuestProcesses, readProcesses } from "./answers.ts";

/** As Agent.ps(); with a warning if the guest should have answered. */
export function guestPs(container: AgentContainer, request: PsRequest): string | undefined {
  const { id } = container.state;
  const { status, format, options, warn } = request;
  if (options.length > 0) throw noOptions(id, options);
  const answer = answerOf(container, request);
  if (!(answer instanceof NoAnswer)) {
    return format === "guest" ? guestJson(answer) : guestTable(answer);
  }
  if (format === "guest") throw refusal(id, request, answer);
  // Before start and after the exit there is no guest, so no warning.
  if (status === "running" || status === "paused") {
    warn(`the guest of container ${id} ${answer.problem}: these are its VMM's processes`);
  }
  return undefined;
}

function noOptions(id: string, options: readonly string[]): UsageError {
  return new UsageError(
    `${
      options.join(" ")
    } is an option of the host's ps, which sees only the VMM of container ${id}: ` +
      "add --format host to use it, or leave it out to see the processes of the guest",
  );
}

function answerOf(container: AgentContainer, { status }: PsRequest): GuestProcesses | NoAnswer {
  if (status === "running") return askGuest(container, "processes", readProcesses);
  return new NoAnswer(`cannot be asked: it is ${status}`);
}

function refusal(id: string, { status }: PsRequest, { problem, cause }: NoAnswer): Error {
  if (status !== "running") return new StateError(id, "ask the guest of", status, ["running"]);
  return new HostError(
    `the guest of container ${id} ${problem}`,
    "use --format host to see its VMM",
    { cause },
  );
}

function guestJson({ processes, leftOut }: GuestProcesses): string {
  return `${stringifyJson({ processes, leftOut })}\n`;
}

/** In the format of `ps -ef`, with the columns that the guest provides. */
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
    ? [[`… and ${leftOut} more, which did not fit into the guest's answer`]]
    : [];
  return [header, ...rows, ...rest].map((row) => `${row.join(" ")}\n`).join("");
}

/** Nanoseconds in ps's format of CPU time: hours, minutes and seconds. */
function clock(nanoseconds: bigint): string {
  const seconds = nanoseconds / 1_000_000_000n;
  return [seconds / 3600n, seconds / 60n % 60n, seconds % 60n]
    .map((part) => `${part}`.padStart(2, "0")).join(":");
}
