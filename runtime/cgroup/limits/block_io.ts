/**
 * `linux.resources.blockIO` as writes: the controller blkio of v1, io of v2. Pure. Weights are BFQ's, the only scheduler of
 * Linux 5.0 and later with weights on v1; v2 also has those of the io cost model.
 */
import type { BlockIoResources, ThrottleDevice } from "../../spec/spec.ts";
import { notInV2, type Row, type Target } from "../resource_write.ts";

/** Field, v1's file, v2's key in io.max. */
const THROTTLES = [
  ["throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"],
  ["throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"],
  ["throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"],
  ["throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"],
] as const;

/** @throws {HostError} for leaf weights on v2. */
export function blockIoRows(blockIO: BlockIoResources, { version }: Target): Row[] {
  const rows = version === 1 ? weightsV1(blockIO) : weightsV2(blockIO);
  for (const [field, file, key] of THROTTLES) {
    (blockIO[field] ?? []).forEach((device, index) => {
      const place = `blockIO.${field}[${index}]`;
      rows.push(
        version === 1
          ? [file, `${deviceOf(device)} ${device.rate ?? 0}`, place]
          : ["io.max", `${deviceOf(device)} ${key}=${device.rate || "max"}`, place],
      );
    });
  }
  return rows;
}

function deviceOf({ major, minor }: Pick<ThrottleDevice, "major" | "minor">): string {
  return `${major}:${minor}`;
}

/** No scheduler has leaf weights since Linux 5.0; the kernel's error says so. */
function weightsV1({ weight, leafWeight, weightDevice = [] }: BlockIoResources): Row[] {
  const rows: Row[] = [];
  if (weight) rows.push(["blkio.bfq.weight", `${weight}`, "blockIO.weight"]);
  if (leafWeight) rows.push(["blkio.leaf_weight", `${leafWeight}`, "blockIO.leafWeight"]);
  weightDevice.forEach((device, index) => {
    const place = `blockIO.weightDevice[${index}]`;
    const value = (weight: number) => `${deviceOf(device)} ${weight}`;
    if (device.weight) {
      rows.push(["blkio.bfq.weight_device", value(device.weight), `${place}.weight`]);
    }
    if (device.leafWeight) {
      rows.push(["blkio.leaf_weight_device", value(device.leafWeight), `${place}.leafWeight`]);
    }
  });
  return rows;
}

function weightsV2({ weight, leafWeight, weightDevice = [] }: BlockIoResources): Row[] {
  const rows: Row[] = [];
  if (leafWeight) throw notInV2("blockIO.leafWeight", "blkio.leaf_weight");
  if (weight) rows.push(weightRow("", weight, "blockIO.weight"));
  weightDevice.forEach((device, index) => {
    const place = `blockIO.weightDevice[${index}]`;
    if (device.leafWeight) throw notInV2(`${place}.leafWeight`, "blkio.leaf_weight_device");
    if (device.weight) rows.push(weightRow(`${deviceOf(device)} `, device.weight, place));
  });
  return rows;
}

/** BFQ's file, which exists with its module, takes v1's weights; the other file has another range. */
function weightRow(device: string, weight: number, field: string): Row {
  const or = { file: "io.weight", value: `${device}${toIoWeight(weight)}` };
  return ["io.bfq.weight", `${device}${weight}`, field, { or }];
}

/** v1's weight (10 to 1000) as v2's (1 to 10000), by the linear conversion of runc and crun. */
function toIoWeight(weight: number): number {
  return 1 + Math.floor((weight - 10) * 9999 / 990);
}
