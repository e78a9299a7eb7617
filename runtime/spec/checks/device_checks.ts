/** Checks of `linux.devices` (runtime spec, config-linux.md, "Devices"). */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import type { Device, Spec } from "../spec.ts";
import { type Check, requireAbsolute, requireRange } from "./check.ts";

export const DEVICE_CHECKS: readonly Check<Spec>[] = [
  ofEachDevice(devicePathNamesANode),
  ofEachDevice(deviceHasNumbers),
  ofEachDevice(fileModeIsAMode),
];

function ofEachDevice(check: (device: Device, place: string) => void): Check<Spec> {
  return ({ linux }) =>
    linux?.devices?.forEach((device, index) => check(device, `linux.devices[${index}]`));
}

function devicePathNamesANode({ path }: Device, place: string): void {
  requireAbsolute(`${place}.path`, path);
  const named = path.replace(/\/+$/, "");
  const last = named.slice(named.lastIndexOf("/") + 1);
  if (last === "" || path.split("/").includes("..")) {
    throw new SpecError(
      `${place}.path`,
      `must name a file and have no .., got ${quoted(path)}`,
    );
  }
}

/** The kernel's dev_t: 12 bits and 20 bits (makedev(3)). */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

function deviceHasNumbers({ type, major, minor }: Device, place: string): void {
  if (type === "p") return;
  for (
    const [field, value, maximum] of [["major", major, MAX_MAJOR], [
      "minor",
      minor,
      MAX_MINOR,
    ]] as const
  ) {
    if (value === undefined) {
      throw new SpecError(`${place}.${field}`, `is required for a device of type ${type}`);
    }
    requireRange(`${place}.${field}`, value, 0, maximum);
  }
}

/** A st_mode, which some engines copy with the file type (inode(7)). */
function fileModeIsAMode({ fileMode }: Device, place: string): void {
  requireRange(`${place}.fileMode`, fileMode, 0, 0o177777);
}
