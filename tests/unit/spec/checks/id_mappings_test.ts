import { requireSoundMappings } from "../../../../runtime/spec/checks/id_mappings.ts";
import type { IdMapping } from "../../../../runtime/spec/spec.ts";
import { assertSpecError } from "../config.ts";

function ranges(...rows: readonly (readonly [number, number, number])[]): IdMapping[] {
  return rows.map(([containerID, hostID, size]) => ({ containerID, hostID, size }));
}

Deno.test("requireSoundMappings() accepts neighbours in any order, and all ids", () => {
  requireSoundMappings("m", ranges([10, 0, 5], [0, 5, 10]));
  requireSoundMappings("m", ranges([0, 0, 0xffffffff]));
  requireSoundMappings("m", []);
});

Deno.test("requireSoundMappings() refuses ranges that overlap on either side", () => {
  assertSpecError(
    () => requireSoundMappings("m", ranges([0, 0, 10], [9, 100, 1])),
    "m[1].containerID",
    "9 is in the range of another mapping",
  );
  assertSpecError(
    () => requireSoundMappings("m", ranges([0, 50, 10], [10, 45, 6])),
    "m[0].hostID",
    "50 is in the range of another mapping",
  );
});

Deno.test("requireSoundMappings() refuses an empty range and one past the last id", () => {
  assertSpecError(
    () => requireSoundMappings("m", ranges([0, 0, 1], [1, 1, 0])),
    "m[1].size",
    "must be at least 1, got 0",
  );
  assertSpecError(
    () => requireSoundMappings("m", ranges([0, 4294967290, 6])),
    "m[0].hostID",
    "4294967290 and size 6 exceed the last id 4294967294",
  );
});

Deno.test("requireSoundMappings() refuses more ranges than the kernel takes", () => {
  const rows = Array.from({ length: 341 }, (_, id) => [id, id, 1] as const);
  assertSpecError(
    () => requireSoundMappings("m", ranges(...rows)),
    "m",
    "has 341 ranges, but at most 340 are allowed",
  );
});
