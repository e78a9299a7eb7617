/**
 * `linux.resources.devices` as writes to the v1 devices controller (runtime spec, "Allowed Device list"; the kernel's
 * admin-guide/cgroup-v1/devices.rst). Pure. v2 has no files for devices: see device_program.ts.
 */
import { SpecError } from "../../common/errors.ts";
import type { DeviceCgroup } from "../../spec/spec.ts";
import type { ResourceWrite } from "../resource_write.ts";

const PATH = "linux.resources.devices";

/**
 * The devices that every container may use, as in runc: creating any node, and the spec's default devices with the
 * terminals.
 */
export const DEFAULT_DEVICES: readonly (
  readonly ["b" | "c", major: string, minor: string, access: string]
)[] = [
  ["c", "*", "*", "m"],
  ["b", "*", "*", "m"],
  ["c", "1", "3", "rwm"], // null
  ["c", "1", "5", "rwm"], // zero
  ["c", "1", "7", "rwm"], // full
  ["c", "1", "8", "rwm"], // random
  ["c", "1", "9", "rwm"], // urandom
  ["c", "5", "0", "rwm"], // tty
  ["c", "5", "2", "rwm"], // ptmx
  ["c", "136", "*", "rwm"], // pts
];

/** The rule for all devices, and its exceptions. */
export interface DeviceState {
  allowAll: boolean;
  exceptions: DeviceException[];
}

export interface DeviceException {
  readonly type: "b" | "c";
  /** Decimal, or `*`. */
  readonly major: string;
  readonly minor: string;
  /** Some of r, w, m, in this order. */
  access: string;
  readonly from: string;
}

/**
 * The writes that apply the rules to a new cgroup: nothing is allowed, then the rules in their order, then the defaults.
 * Only the result of all rules is written, because the kernel ignores a rule that removes a part of an earlier one, and a
 * device would stay allowed without an error.
 * @throws {SpecError} with the rule's path, when no list of exceptions is equivalent to the rules.
 */
export function deviceWrites(rules: readonly DeviceCgroup[]): ResourceWrite[] {
  const { allowAll, exceptions } = deviceState(rules);
  const [whole, single] = allowAll
    ? ["devices.allow", "devices.deny"] as const
    : ["devices.deny", "devices.allow"] as const;
  return [
    { controller: "devices", file: whole, value: "a", from: PATH },
    ...exceptions.map((exception) => exceptionWrite(single, exception)),
  ];
}

/**
 * The result of all rules, including the defaults.
 * @throws as deviceWrites().
 */
export function deviceState(rules: readonly DeviceCgroup[]): DeviceState {
  const state: DeviceState = { allowAll: false, exceptions: [] };
  rules.forEach((rule, index) => applyRule(state, rule, `${PATH}[${index}]`));
  // If everything is allowed, the defaults would only undo what the spec denies.
  if (!state.allowAll) {
    for (const [type, major, minor, access] of DEFAULT_DEVICES) {
      except(state, { type, major, minor, access, from: PATH });
    }
  }
  return state;
}

export function exceptionWrite(
  file: "devices.allow" | "devices.deny",
  { type, major, minor, access, from }: DeviceException,
): ResourceWrite {
  return { controller: "devices", file, value: `${type} ${major}:${minor} ${access}`, from };
}

function applyRule(state: DeviceState, rule: DeviceCgroup, from: string): void {
  const major = deviceNumber(rule.major);
  const minor = deviceNumber(rule.minor);
  const access = accessesIn(rule.access || "rwm");
  const types = typesOf(rule, from);
  if (types.length === 2 && major === "*" && minor === "*" && access === "rwm") {
    state.allowAll = rule.allow;
    state.exceptions = [];
    return;
  }
  for (const type of types) {
    const exception = { type, major, minor, access, from };
    if (rule.allow === state.allowAll) withdraw(state, exception);
    else except(state, exception);
  }
}

function typesOf({ type }: DeviceCgroup, from: string): ("b" | "c")[] {
  switch (type || "a") {
    case "a":
      return ["b", "c"];
    case "b":
      return ["b"];
    case "c":
    case "u": // mknod(1)'s other letter for it
      return ["c"];
    default:
      throw new SpecError(`${from}.type`, `"${type}" is not a, b or c`);
  }
}

function deviceNumber(value: number | undefined): string {
  return value === undefined || value < 0 ? "*" : `${value}`;
}

function except(state: DeviceState, added: DeviceException): void {
  const same = state.exceptions.find((old) =>
    old.type === added.type && old.major === added.major && old.minor === added.minor
  );
  if (!same) state.exceptions.push(added);
  else same.access = accessesIn(same.access + added.access);
}

/** The letters r, w and m in the text, each once and in the kernel's order. */
function accessesIn(letters: string): string {
  const has = (letter: string) => letters.includes(letter) ? letter : "";
  return has("r") + has("w") + has("m");
}

/** Removes a rule's accesses from every exception that it covers. */
function withdraw(state: DeviceState, rule: DeviceException): void {
  for (const old of state.exceptions) {
    if (old.type !== rule.type || !overlaps(old, rule)) continue;
    const rest = [...old.access].filter((letter) => !rule.access.includes(letter)).join("");
    if (rest === old.access) continue;
    if (!covers(rule.major, old.major) || !covers(rule.minor, old.minor)) {
      throw new SpecError(
        rule.from,
        `cannot take ${rule.type} ${rule.major}:${rule.minor} out of ${old.from} ` +
          `(${old.major}:${old.minor}): cgroup v1 does not support an exception to an exception`,
      );
    }
    old.access = rest;
  }
  state.exceptions = state.exceptions.filter((old) => old.access !== "");
}

function overlaps(one: DeviceException, other: DeviceException): boolean {
  const meet = (a: string, b: string) => a === b || a === "*" || b === "*";
  return meet(one.major, other.major) && meet(one.minor, other.minor);
}

function covers(outer: string, inner: string): boolean {
  return outer === "*" || outer === inner;
}
