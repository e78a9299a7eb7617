/**
 * New device rules for a v1 cgroup that already has some: only the difference is written, so that devices that stay allowed
 * are never denied in between.
 */
import type { DeviceCgroup } from "../../spec/spec.ts";
import { applyWrites, directoryFor } from "../apply.ts";
import {
  type DeviceException,
  type DeviceState,
  deviceState,
  deviceWrites,
  exceptionWrite,
} from "./device_rules.ts";
import type { CgroupRecord } from "../path.ts";
import { RESOURCES_PATH, type ResourceWrite } from "../resource_write.ts";

const PATH = `${RESOURCES_PATH}.devices`;

/**
 * Replaces the rules. On an error the old ones are restored, unless the container could use all devices: the kernel does
 * not show the exceptions then, so the new rules stay as far as they were written.
 * @throws {SpecError} for rules that v1 cannot express, {CgroupWriteError} for what the kernel refuses.
 */
export function replaceDeviceRules(record: CgroupRecord, rules: readonly DeviceCgroup[]): void {
  const { path } = directoryFor(record, { controller: "devices", from: PATH });
  const list = () => parseDeviceList(Deno.readTextFileSync(`${path}/devices.list`));
  const target = deviceState(rules);
  const before = list();
  // The kernel has only one way to switch from or to "everything", and drops all exceptions.
  if (before.allowAll || target.allowAll) return applyWrites(record, deviceWrites(rules));
  try {
    applyWrites(record, deviceChanges(before.exceptions, target.exceptions));
  } catch (error) {
    applyWrites(record, deviceChanges(list().exceptions, before.exceptions));
    throw error;
  }
}

/** devices.list: `a *:* rwm` when everything is allowed, regardless of exceptions, else a line for each exception. */
export function parseDeviceList(text: string): DeviceState {
  const exceptions: DeviceException[] = [];
  for (const line of text.split("\n")) {
    const [, type, major, minor, access] = /^([abc]) ([\d*]+):([\d*]+) ([rwm]+)$/.exec(line) ?? [];
    if (type === "a") return { allowAll: true, exceptions: [] };
    if (type !== "b" && type !== "c") continue;
    exceptions.push({ type, major: major!, minor: minor!, access: access!, from: PATH });
  }
  return { allowAll: false, exceptions };
}

/** From one list of allowed devices to another: excess devices are removed first. */
export function deviceChanges(
  now: readonly DeviceException[],
  target: readonly DeviceException[],
): ResourceWrite[] {
  return [
    ...missingFrom(target, now).map((exception) => exceptionWrite("devices.deny", exception)),
    ...missingFrom(now, target).map((exception) => exceptionWrite("devices.allow", exception)),
  ];
}

/** The accesses of `wanted` that `there` does not have. */
function missingFrom(
  there: readonly DeviceException[],
  wanted: readonly DeviceException[],
): DeviceException[] {
  return wanted.flatMap((exception) => {
    const same = there.find(({ type, major, minor }) =>
      type === exception.type && major === exception.major && minor === exception.minor
    );
    const access = [...exception.access].filter((a) => !same?.access.includes(a)).join("");
    return access === "" ? [] : [{ ...exception, access }];
  });
}
