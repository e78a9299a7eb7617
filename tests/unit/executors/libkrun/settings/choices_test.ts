import { assertEquals, assertThrows } from "@std/assert";
import { type Choices, chooseSettings } from "../../../../../executors/libkrun/settings/choices.ts";
import { readVmSettings } from "../../../../../executors/libkrun/settings/settings.ts";
import type { VmFile } from "../../../../../executors/libkrun/settings/vm_file.ts";
import type { Defaults } from "../../../../../runtime/administrator_file.ts";
import { SpecError } from "../../../../../runtime/common/errors.ts";
import type { Resources, Spec } from "../../../../../runtime/spec/spec.ts";

const FILE = "/etc/kago/microvm.json";

function specWith(annotations: Record<string, string>, resources?: Resources): Spec {
  return { ociVersion: "1.2.0", annotations, ...(resources ? { linux: { resources } } : {}) };
}

function inFile<K extends keyof Defaults>(key: K, value: NonNullable<Defaults[K]>["value"]) {
  return { [key]: { value, from: `${FILE}: ${key}` } } as Defaults;
}

function chosen(
  key: keyof Choices,
  annotations: Record<string, string>,
  vmFile: VmFile,
  defaults: Defaults,
) {
  const { value, from } = chooseSettings(specWith(annotations), vmFile, defaults)[key];
  return [value, from];
}

Deno.test("chooseSettings() takes the annotation, then the image's file, then the administrator's, then kago's", () => {
  const word = inFile("ramMib", 300);
  const vmFile = { ram_mib: 400 };
  const annotations = { "krun.ram_mib": "500" };
  assertEquals(chosen("ramMib", annotations, vmFile, word), [500, 'annotations["krun.ram_mib"]']);
  assertEquals(chosen("ramMib", {}, vmFile, word), [400, ".krun_vm.json: ram_mib"]);
  assertEquals(chosen("ramMib", {}, {}, word), [300, `${FILE}: ramMib`]);
  assertEquals(chosen("ramMib", {}, {}, {}), [1024, "default"]);
});

Deno.test("chooseSettings() gives no more than the container's limits have room for", () => {
  const resources = { cpu: { cpus: "0-1" }, memory: { limit: 512 << 20 } };
  const choose = (cpus: number, ramMib: number) => {
    const word = { ...inFile("cpus", cpus), ...inFile("ramMib", ramMib) };
    const choices = chooseSettings(specWith({}, resources), {}, word);
    return [choices.cpus, choices.ramMib].map(({ value, from }) => `${value} ${from}`);
  };
  assertEquals(choose(1, 256), [`1 ${FILE}: cpus`, `256 ${FILE}: ramMib`]);
  assertEquals(choose(4, 2048), ["2 linux.resources", "416 linux.resources"]);
});

Deno.test("chooseSettings() has the administrator's log level, disks and window where nobody else speaks", () => {
  const word = {
    ...inFile("logLevel", 3),
    ...inFile("disks", ["/a:ro"]),
    ...inFile("daxWindow", 4096),
  };
  assertEquals(chosen("logLevel", {}, {}, word), [3, `${FILE}: logLevel`]);
  assertEquals(chosen("logLevel", { "krun.log_level": "0" }, {}, word)[0], 0);
  assertEquals(chosen("disks", {}, {}, word), [["/a:ro"], `${FILE}: disks`]);
  assertEquals(chosen("disks", { "krun.disk": "" }, {}, word)[0], []);
  assertEquals(chosen("daxWindow", {}, {}, word), [4096, `${FILE}: daxWindow`]);
  assertEquals(chosen("daxWindow", {}, { virtiofs_shm_size: 0 }, word)[0], 0);
});

Deno.test("chooseSettings() lets krun.use_passt and krun.tap_name say otherwise than the administrator's network", () => {
  const word = inFile("network", "passt");
  assertEquals(chosen("network", {}, {}, word), ["passt", `${FILE}: network`]);
  assertEquals(chosen("network", { "krun.use_passt": "0" }, {}, word)[0], "tsi");
  assertEquals(chosen("network", { "krun.tap_name": "tap0" }, {}, word)[0], "tap");
  assertEquals(
    chosen("network", { "krun.use_passt": "1" }, {}, inFile("network", "none"))[0],
    "passt",
  );
});

Deno.test("readVmSettings() has the administrator's network, kernel, disks and window", () => {
  const defaults = {
    ...inFile("network", "passt"),
    ...inFile("kernel", "/opt/k/libkrunfw.so.5"),
    ...inFile("disks", ["/d:ro"]),
    ...inFile("daxWindow", 4096),
    ...inFile("cpus", 3),
  };
  const word = { allowed: [], defaults };
  assertEquals(readVmSettings(specWith({ "krun.port_map": "80:80" }), "c", {}, word), {
    cpus: 3,
    ramMib: 1024,
    logLevel: 1,
    agent: true,
    firmware: defaults.kernel!,
    network: { kind: "passt", ports: ["80:80"], byFile: `${FILE}: network` },
    disks: [{ path: "/d", format: "raw", readOnly: true }],
    daxWindow: 4096,
  });
  const { firmware } = readVmSettings(specWith({ "krun.variant": "sev" }), "c", {}, word);
  assertEquals(firmware, undefined);
});

Deno.test("readVmSettings() opens no ports of a guest to which the administrator gives no network", () => {
  const word = { allowed: [], defaults: inFile("network", "none") };
  const read = (ports: string) =>
    readVmSettings(specWith({ "krun.port_map": ports }), "c", {}, word).network;
  assertEquals(read(""), { kind: "none", byFile: `${FILE}: network` });
  assertEquals(
    assertThrows(() => read("80:80"), SpecError).message,
    `annotations["krun.port_map"]: needs a network, which ${FILE}: network sets to none`,
  );
});
