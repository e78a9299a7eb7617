/** Checks of `linux.resources`, also of `update --resources`. They do not depend on the host's cgroups. */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import { formatPath } from "../json_path.ts";
import type { Resources } from "../spec.ts";
import { type ChecksOf, requireRange, type Warn } from "./check.ts";

export const RESOURCE_CHECKS: ChecksOf<Resources> = {
  devices: [deviceRulesAreWritable],
  memory: [swapIncludesMemory, swappinessIsInRange, kernelMemoryIsIgnored],
  blockIO: [blockWeightsAreInRange],
  unified: [unifiedNamesFiles],
};

/** The kernel's device cgroup accepts no other letters (cgroup-v1/devices.rst). */
function deviceRulesAreWritable({ devices = [] }: Resources): void {
  for (let index = 0; index < devices.length; index++) {
    const { type, access = "" } = devices[index]!;
    if (type && type !== "a" && type !== "b" && type !== "c") {
      throw new SpecError(
        `linux.resources.devices[${index}].type`,
        `must be a, b or c, got ${quoted(type)}`,
      );
    }
    // No regular expression: compiling one costs more than the loop.
    for (let at = 0; at < access.length; at++) {
      if ("rwm".includes(access[at]!)) continue;
      throw new SpecError(
        `linux.resources.devices[${index}].access`,
        `must consist of the letters r, w and m, got ${quoted(access)}`,
      );
    }
  }
}

function swapIncludesMemory({ memory }: Resources): void {
  const { limit, swap } = memory ?? {};
  if (limit === undefined || swap === undefined || swap <= 0 || limit <= 0 || swap >= limit) return;
  throw new SpecError(
    "linux.resources.memory.swap",
    `${swap} is less than the memory limit of ${limit}, which it includes`,
  );
}

/** Engines write -1 as an unsigned number for "unset". */
const UNSET = 2n ** 64n - 1n;

function swappinessIsInRange({ memory }: Resources): void {
  if (memory?.swappiness === UNSET) return;
  requireRange("linux.resources.memory.swappiness", memory?.swappiness, 0, 100);
}

/** As runc. Linux 5.16 still accepts v1's values, and ignores them. */
function kernelMemoryIsIgnored({ memory }: Resources, warn: Warn): void {
  for (const field of ["kernel", "kernelTCP"] as const) {
    if (!memory?.[field]) continue;
    warn(
      `linux.resources.memory.${field}`,
      "is ignored: Linux no longer limits it separately, and memory.limit includes it",
    );
  }
}

function blockWeightsAreInRange({ blockIO }: Resources): void {
  const place = "linux.resources.blockIO";
  const all = [
    { place, ...blockIO },
    ...(blockIO?.weightDevice ?? []).map((device, index) => ({
      ...device,
      place: `${place}.weightDevice[${index}]`,
    })),
  ];
  for (const { place, weight, leafWeight } of all) {
    // 0 means unset, as engines write it.
    if (weight) requireRange(`${place}.weight`, weight, 10, 1000);
    if (leafWeight) requireRange(`${place}.leafWeight`, leafWeight, 10, 1000);
  }
}

/** The name is joined to the cgroup's path, and must stay inside it. */
function unifiedNamesFiles({ unified }: Resources): void {
  for (const name of Object.keys(unified ?? {})) {
    if (/^[^./]+\.[^/]+$/.test(name)) continue;
    throw new SpecError(
      formatPath(["linux", "resources", "unified", name]),
      "is not a file of cgroup v2, must be CONTROLLER.PARAMETER such as memory.high",
    );
  }
}
