/**
 * Semantic checks of a seccomp profile, without libseccomp. The checks for every config.json are in
 * runtime/spec/checks/seccomp_checks.ts and run first; this module adds names, for profiles that did not go through the
 * schema, and warnings about probable mistakes of a profile's author.
 */
import { SpecError } from "../common/errors.ts";
import { type Check, runChecks, type Warn } from "../spec/checks/check.ts";
import { SECCOMP_CHECKS } from "../spec/checks/seccomp_checks.ts";
import type { Seccomp } from "../spec/spec.ts";
import { SECCOMP_ARCHITECTURES } from "../spec/spec_seccomp.ts";
import { hasNotify } from "./flags.ts";
import { actionNumber, flagNumber, operatorNumber } from "./names.ts";

const PLACE = "linux.seccomp";

const CHECKS: readonly Check<Seccomp>[] = [
  namesAreKnown,
  (seccomp, warn) => runChecks(SECCOMP_CHECKS, seccomp, seccomp, warn),
  syscallNamesAreNotEmpty,
  conditionsDoNotShareAnArgument,
  listenerSettingsAreUsed,
];

/**
 * Checks a profile.
 * @returns warnings, one sentence each without a full stop, that begin with the place in config.json.
 * @throws {SpecError} for what runc or crun refuse, or what must fail according to the spec.
 */
export function checkSeccomp(seccomp: Seccomp): string[] {
  const warnings: string[] = [];
  for (const check of CHECKS) {
    check(seccomp, (path, text) => warnings.push(`${path}: ${text}`));
  }
  return warnings;
}

function namesAreKnown({ defaultAction, architectures, flags, syscalls }: Seccomp): void {
  actionNumber(defaultAction, undefined, `${PLACE}.defaultAction`);
  for (const [index, name] of architectures?.entries() ?? []) {
    if (SECCOMP_ARCHITECTURES.includes(name)) continue;
    throw new SpecError(
      `${PLACE}.architectures[${index}]`,
      `${JSON.stringify(name)} is not a seccomp architecture, must be one of ${
        SECCOMP_ARCHITECTURES.join(", ")
      }`,
    );
  }
  flags?.forEach((flag, index) => flagNumber(flag, `${PLACE}.flags[${index}]`));
  for (const [index, { action, args }] of syscalls?.entries() ?? []) {
    const place = `${PLACE}.syscalls[${index}]`;
    actionNumber(action, undefined, `${place}.action`);
    args?.forEach(({ op }, position) => operatorNumber(op, `${place}.args[${position}].op`));
  }
}

/** As in runc. An unknown name may belong to a newer kernel; an empty one is a mistake. */
function syscallNamesAreNotEmpty({ syscalls }: Seccomp): void {
  for (const [index, { names }] of syscalls?.entries() ?? []) {
    const empty = names.indexOf("");
    if (empty === -1) continue;
    throw new SpecError(`${PLACE}.syscalls[${index}].names[${empty}]`, "must not be empty");
  }
}

/** What looks like a range allows everything (see compile.ts). */
function conditionsDoNotShareAnArgument({ syscalls }: Seccomp, warn: Warn): void {
  for (const [index, { args }] of syscalls?.entries() ?? []) {
    if (new Set(args?.map((arg) => arg.index)).size === (args?.length ?? 0)) continue;
    warn(
      `${PLACE}.syscalls[${index}].args`,
      "several conditions apply to one argument: any of the conditions is enough to match, as in runc and crun",
    );
  }
}

/** runc accepts and ignores them. */
function listenerSettingsAreUsed(seccomp: Seccomp, warn: Warn): void {
  if (hasNotify(seccomp)) return;
  if (seccomp.listenerPath) {
    warn(`${PLACE}.listenerPath`, "is not used: no rule has SCMP_ACT_NOTIFY");
  }
  const index = seccomp.flags?.indexOf("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") ?? -1;
  if (index !== -1) warn(`${PLACE}.flags[${index}]`, "is not used: no rule has SCMP_ACT_NOTIFY");
}
