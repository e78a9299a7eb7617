/**
 * v1's device rules as systemd's DevicePolicy and DeviceAllow (systemd.resource-control(5)): without them the next
 * `daemon-reload` would allow the container all devices. On v2 systemd changes only device rules that it was given. Pure.
 */
import type { ValueWrite } from "../resource_write.ts";
import type { UnitProperty } from "./unit_property.ts";

/** None when everything is allowed except some devices: systemd has no list of denied devices. */
export function deviceProperties(writes: readonly ValueWrite[]): UnitProperty[] {
  const rules = writes.filter(({ controller }) => controller === "devices");
  if (rules[0]?.file !== "devices.deny" || rules[0].value !== "a") return [];
  const allowed = rules.slice(1).flatMap(({ value }) => {
    const [type, numbers, access] = value.split(" ") as [string, string, string];
    const device = deviceName(type, numbers);
    return device === undefined ? [] : [[device, access]];
  });
  return [["DevicePolicy", ["s", "strict"]], ["DeviceAllow", ["a(ss)", allowed]]];
}

/** A whole major is given by its driver's name, which only /proc/devices knows; only `pts` is the same everywhere. */
const MAJORS: Readonly<Record<string, string>> = { "c 136": "char-pts" };

function deviceName(type: string, numbers: string): string | undefined {
  const kind = type === "b" ? "block" : "char";
  const [major, minor] = numbers.split(":");
  if (major === "*") return minor === "*" ? `${kind}-*` : undefined;
  return minor === "*" ? MAJORS[`${type} ${major}`] : `/dev/${kind}/${numbers}`;
}
