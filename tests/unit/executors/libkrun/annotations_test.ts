import { assertEquals, assertThrows } from "@std/assert";
import { readVmSettings } from "../../../../executors/libkrun/annotations.ts";
import { SpecError } from "../../../../runtime/errors.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";

function specWith(annotations: Record<string, string>, linux?: Spec["linux"]): Spec {
  return { ociVersion: "1.2.0", annotations, ...(linux ? { linux } : {}) };
}

function refusal(name: string, value: string): string {
  const error = assertThrows(() => readVmSettings(specWith({ [name]: value })), SpecError);
  assertEquals(error.jsonPath, `annotations["${name}"]`);
  return error.message;
}

Deno.test("readVmSettings() gives a bundle that says nothing 1 vCPU, 1 GiB and errors in the log", () => {
  assertEquals(readVmSettings({ ociVersion: "1.2.0" }), { cpus: 1, ramMib: 1024, logLevel: 1 });
});

Deno.test("readVmSettings() reads the four annotations", () => {
  const spec = specWith({
    "krun.cpus": "4",
    "krun.ram_mib": "512",
    "krun.log_level": "0",
    "krun.libkrun.path": "/opt/krun/lib/libkrun.so.1",
  });
  assertEquals(readVmSettings(spec), {
    cpus: 4,
    ramMib: 512,
    logLevel: 0,
    libkrunPath: "/opt/krun/lib/libkrun.so.1",
  });
});

Deno.test("readVmSettings() prefers annotations to the spec's limits", () => {
  const linux = { resources: { cpu: { cpus: "0-7" }, memory: { limit: 2 ** 32 } } };
  const spec = specWith({ "krun.cpus": "2", "krun.ram_mib": "128" }, linux);
  const { cpus, ramMib } = readVmSettings(spec);
  assertEquals({ cpus, ramMib }, { cpus: 2, ramMib: 128 });
});

Deno.test("readVmSettings() accepts both ends of each range", () => {
  const least = { "krun.cpus": "1", "krun.ram_mib": "128", "krun.log_level": "0" };
  const most = { "krun.cpus": "16", "krun.ram_mib": "1048576", "krun.log_level": "5" };
  assertEquals(readVmSettings(specWith(least)), { cpus: 1, ramMib: 128, logLevel: 0 });
  assertEquals(readVmSettings(specWith(most)), { cpus: 16, ramMib: 1048576, logLevel: 5 });
});

Deno.test("readVmSettings() refuses numbers out of range and names the range", () => {
  assertEquals(
    refusal("krun.cpus", "17"),
    'annotations["krun.cpus"]: is "17", must be an integer from 1 to 16',
  );
  refusal("krun.cpus", "0");
  refusal("krun.ram_mib", "127");
  refusal("krun.ram_mib", "1048577");
  refusal("krun.log_level", "6");
});

Deno.test("readVmSettings() refuses what is no decimal integer", () => {
  for (const text of ["", " 2", "2 ", "-1", "+1", "1.5", "0x2", "2cpus", "1e1", "9".repeat(30)]) {
    refusal("krun.cpus", text);
  }
});

Deno.test("readVmSettings() refuses a relative path of libkrun", () => {
  assertEquals(
    refusal("krun.libkrun.path", "libkrun.so.1"),
    'annotations["krun.libkrun.path"]: is "libkrun.so.1", must be an absolute path of the host',
  );
  refusal("krun.libkrun.path", "/a\0b");
});

Deno.test("readVmSettings() refuses to run a confidential workload as an ordinary one", () => {
  refusal("krun.variant", "sev");
});

Deno.test("readVmSettings() ignores annotations that it does not know", () => {
  assertEquals(readVmSettings(specWith({ "krun.colour": "red" })).cpus, 1);
});
