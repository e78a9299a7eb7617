/** Checks of `process`, also of `exec --process` (runtime spec, config.md, "Process"). */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import { CAPABILITIES } from "../capabilities.ts";
import { RLIMITS } from "../rlimits.ts";
import type { Process } from "../spec.ts";
import { type ChecksOf, findDuplicate, requireAbsolute, requireRange, type Warn } from "./check.ts";

/** The schema requires `cwd`, so its checks always run. */
export const PROCESS_CHECKS: ChecksOf<Process> = {
  cwd: [cwdIsAbsolute, argsNameAProgram],
  env: [envEntriesAreAssignments],
  rlimits: [rlimitsAreKnown, rlimitsAreUnique, rlimitsAreOrdered],
  capabilities: [capabilitiesAreKnown, ambientCanBeRaised],
  user: [umaskIsOfPermissions],
  oomScoreAdj: [oomScoreAdjIsInRange],
  scheduler: [schedulerFitsItsPolicy],
  ioPriority: [ioPriorityIsInRange],
};

function argsNameAProgram({ args }: Process): void {
  if (!args?.length) {
    throw new SpecError("process.args", "is required, with at least the program to run");
  }
  if (args[0] === "") throw new SpecError("process.args[0]", "is empty, must name a program");
}

function cwdIsAbsolute({ cwd }: Process): void {
  requireAbsolute("process.cwd", cwd);
}

/** execve(2) would accept anything, but no program could read it; runc refuses it too. */
function envEntriesAreAssignments({ env = [] }: Process): void {
  for (let index = 0; index < env.length; index++) {
    const sign = env[index]!.indexOf("=");
    if (sign > 0) continue;
    // The entry itself may be a secret.
    const problem = `must be NAME=value, it has no ${sign < 0 ? "=" : "name"}`;
    throw new SpecError(`process.env[${index}]`, problem);
  }
}

/** Without the common prefix, to keep the message short. */
function knownLimits(): string {
  return `RLIMIT_ and ${
    Object.keys(RLIMITS).map((name) => name.slice("RLIMIT_".length)).join(", ")
  }`;
}

function rlimitsAreKnown({ rlimits = [] }: Process): void {
  for (let index = 0; index < rlimits.length; index++) {
    const { type } = rlimits[index]!;
    if (Object.hasOwn(RLIMITS, type)) continue;
    throw new SpecError(
      `process.rlimits[${index}].type`,
      `${quoted(type)} is unknown, must be one of ${knownLimits()}`,
    );
  }
}

function rlimitsAreUnique({ rlimits = [] }: Process): void {
  const index = findDuplicate(rlimits);
  if (index < 0) return;
  throw new SpecError(`process.rlimits[${index}].type`, `${rlimits[index]!.type} is listed twice`);
}

function rlimitsAreOrdered({ rlimits = [] }: Process): void {
  for (let index = 0; index < rlimits.length; index++) {
    const { soft, hard } = rlimits[index]!;
    if (soft <= hard) continue;
    throw new SpecError(
      `process.rlimits[${index}].soft`,
      `${soft} is more than the hard limit of ${hard}`,
    );
  }
}

/** The spec requires that unknown names are ignored, so that engines can use those of newer kernels. */
function capabilitiesAreKnown({ capabilities }: Process, warn: Warn): void {
  if (!capabilities) return;
  const { bounding, effective, inheritable, permitted, ambient } = capabilities;
  const unknown = new Set<string>();
  for (const set of [bounding, effective, inheritable, permitted, ambient]) {
    if (!set) continue;
    for (const name of set) if (!Object.hasOwn(CAPABILITIES, name)) unknown.add(name);
  }
  if (unknown.size) warn("process.capabilities", `ignoring the unknown ${[...unknown].join(", ")}`);
}

/** Runtime spec, "Linux Process": a capability that cannot be granted is a warning. capabilities(7), "Ambient". */
function ambientCanBeRaised({ capabilities }: Process, warn: Warn): void {
  const { ambient = [], permitted = [], inheritable = [] } = capabilities ?? {};
  const lost = ambient.filter((name) =>
    Object.hasOwn(CAPABILITIES, name) && !(permitted.includes(name) && inheritable.includes(name))
  );
  if (lost.length === 0) return;
  const others = lost.length > 3 ? ` and ${lost.length - 3} more` : "";
  warn(
    "process.capabilities.ambient",
    `ignoring ${
      lost.slice(0, 3).join(", ")
    }${others}: only capabilities that are also permitted and inheritable ` +
      "can be ambient",
  );
}

function umaskIsOfPermissions({ user }: Process): void {
  requireRange("process.user.umask", user?.umask, 0, 0o777);
}

function oomScoreAdjIsInRange({ oomScoreAdj }: Process): void {
  requireRange("process.oomScoreAdj", oomScoreAdj, -1000, 1000);
}

/** sched(7): each policy has its own parameters. */
function schedulerFitsItsPolicy({ scheduler }: Process): void {
  if (!scheduler) return;
  const { policy, nice, priority, runtime, deadline, period } = scheduler;
  requireRange("process.scheduler.nice", nice, -20, 19);
  if (priority && policy !== "SCHED_FIFO" && policy !== "SCHED_RR") {
    throw new SpecError(
      "process.scheduler.priority",
      `cannot be combined with ${policy}, only with SCHED_FIFO and SCHED_RR`,
    );
  }
  if (policy === "SCHED_DEADLINE") return;
  for (const [name, value] of Object.entries({ runtime, deadline, period })) {
    if (!value) continue;
    throw new SpecError(
      `process.scheduler.${name}`,
      `cannot be combined with ${policy}, only with SCHED_DEADLINE`,
    );
  }
}

function ioPriorityIsInRange({ ioPriority }: Process): void {
  requireRange("process.ioPriority.priority", ioPriority?.priority, 0, 7);
}
