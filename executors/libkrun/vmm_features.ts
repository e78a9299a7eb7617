/**
 * The parts of libkrun that a microVM uses and that need more privileges of its VMM: bits of the operation `vmmJail`. Also
 * the capabilities that a VMM keeps; vmm_calls.ts has the system calls of each feature.
 */
import { CAPABILITIES } from "../../runtime/spec/capabilities.ts";
import type { VmSettings } from "./settings/settings.ts";

export const FEATURES = {
  /** Sockets of the host in place of the guest's: without a card. */
  tsi: 1,
  tap: 2,
  disks: 4,
  gpu: 8,
  sev: 16,
  nitro: 32,
  /** Changes on the host are reported to the guest. */
  watch: 64,
} as const;
export type Feature = keyof typeof FEATURES;

/** The features that this VM uses, as bits. */
export function featureBits(settings: VmSettings): number {
  const { network, disks, gpuFlags, variant, watch } = settings;
  const used: Record<Feature, boolean> = {
    tsi: network === undefined,
    tap: network?.kind === "tap",
    disks: disks !== undefined || variant === "sev" || variant === "tdx",
    gpu: gpuFlags !== undefined,
    sev: variant === "sev",
    nitro: variant === "aws-nitro",
    watch: watch !== undefined,
  };
  return (Object.keys(FEATURES) as Feature[])
    .reduce((bits, name) => used[name] ? bits | FEATURES[name] : bits, 0);
}

/** The fields of `vmmJail`: an isolated VM gets no sockets of the host. */
export function jailFeatures(settings: VmSettings) {
  const features = featureBits(settings);
  return { features, isolatedFeatures: features & ~FEATURES.tsi };
}

/** What virtiofs does for the guest's user: owners, modes, nodes and file capabilities of the container's own files. */
const VIRTIOFS = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_SETUID",
  "CAP_SETGID",
  "CAP_SETFCAP",
  "CAP_MKNOD",
];

/**
 * The maximum that the VMM keeps of config.json's capabilities; the agent gives all of them to the process in the guest.
 * Without a card, the guest's sockets are the VMM's, and ports below 1024 require a capability.
 */
export function vmmCapabilities({ network }: VmSettings): bigint {
  const names = network === undefined ? [...VIRTIOFS, "CAP_NET_BIND_SERVICE"] : VIRTIOFS;
  return names.reduce((mask, name) => mask | 1n << BigInt(CAPABILITIES[name]!), 0n);
}
