import { assertEquals, assertMatch } from "@std/assert";
import { deviceError } from "../../../../executors/libkrun/host_checks.ts";
import { buildLibkrunDouble, type DoubleOptions } from "../../../doubles/libkrun/build.ts";
import { type Probed, probeLibkrun } from "../../ffi/libkrun_probe.ts";

const ENOENT = 2;
const EACCES = 13;
const EBUSY = 16;
const ENODEV = 19;

/** checkLibkrunHost() with a double, in a process of its own. */
async function check(options: DoubleOptions, args: string[]): Promise<Probed> {
  using double = await buildLibkrunDouble(options);
  // So that no firmware of this host is found in its place.
  if (options.firmware === false) await Deno.writeTextFile(`${double.dir}/libkrunfw.so.5`, "");
  return await probeLibkrun({ check: args }, { LD_LIBRARY_PATH: double.dir });
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index}`);
}

Deno.test("deviceError() says what to do for each reason", () => {
  assertMatch(
    deviceError("/dev/kvm", ENOENT).message,
    /^\/dev\/kvm does not exist; load the module kvm_intel or/,
  );
  assertMatch(
    deviceError("/dev/kvm", ENODEV).message,
    /^\/dev\/kvm has no driver; load the module kvm_intel or/,
  );
  assertMatch(
    deviceError("/dev/kvm", EACCES).message,
    /permission denied \(EACCES\); add the user to the group kvm/,
  );
  assertMatch(
    deviceError("/dev/kvm", EBUSY).message,
    /cannot be opened: device or resource busy \(EBUSY\); /,
  );
});

Deno.test("checkLibkrunHost() misses libkrunfw before anything is made", async () => {
  const { error } = await check({ firmware: false }, ["sh"]);
  assertEquals(error?.name, "HostError");
  assertMatch(error!.message, /^libkrunfw, .* cannot be loaded; install the version of libkrunfw/);
});

Deno.test("checkLibkrunHost() refuses more arguments than the guest init in C can hold", async () => {
  const { error } = await check({ initInC: true }, many(32));
  assertEquals(error?.jsonPath, "process.args");
  assertMatch(error!.message, /has 32 entries, the guest init of this libkrun takes 31/);
});

Deno.test("checkLibkrunHost() leaves arguments alone that the guest init can hold", async () => {
  assertEquals((await check({ initInC: true }, many(31))).error?.jsonPath, undefined);
  assertEquals((await check({}, many(500))).error?.jsonPath, undefined);
});
