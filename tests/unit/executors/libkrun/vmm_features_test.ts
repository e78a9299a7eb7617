import { assertEquals } from "@std/assert";
import type { VmSettings } from "../../../../executors/libkrun/settings/settings.ts";
import {
  featureBits,
  FEATURES,
  jailFeatures,
  vmmCapabilities,
} from "../../../../executors/libkrun/vmm_features.ts";

const PLAIN: VmSettings = { cpus: 2, ramMib: 512, logLevel: 1 };
const PASST = { network: { kind: "passt" } } as const;

Deno.test("featureBits() opens what the settings use, and nothing else", () => {
  const bits = (settings: Partial<VmSettings>) => featureBits({ ...PLAIN, ...settings });
  assertEquals(bits({}), FEATURES.tsi);
  assertEquals(bits(PASST), 0);
  const tap = { kind: "tap", name: "tap0", mac: "02:00:00:00:00:01" } as const;
  assertEquals(bits({ network: tap }), FEATURES.tap);
  assertEquals(bits({ ...PASST, disks: [] }), FEATURES.disks);
  assertEquals(bits({ ...PASST, gpuFlags: 1 }), FEATURES.gpu);
  assertEquals(bits({ ...PASST, variant: "sev" }), FEATURES.sev | FEATURES.disks);
  assertEquals(bits({ ...PASST, variant: "tdx" }), FEATURES.disks);
  assertEquals(bits({ ...PASST, variant: "aws-nitro" }), FEATURES.nitro);
});

Deno.test("vmmCapabilities() are virtiofs's, and low ports where the guest's sockets are the VMM's", () => {
  assertEquals(vmmCapabilities({ ...PLAIN, ...PASST }), 0x880000dbn);
  assertEquals(vmmCapabilities(PLAIN), 0x880004dbn);
});

Deno.test("jailFeatures() has no sockets of the host's for a VM that is isolated", () => {
  const gpu = { ...PLAIN, gpuFlags: 0 };
  assertEquals(jailFeatures(gpu), {
    features: FEATURES.tsi | FEATURES.gpu,
    isolatedFeatures: FEATURES.gpu,
  });
});
