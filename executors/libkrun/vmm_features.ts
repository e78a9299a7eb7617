/**
 * What of libkrun a microVM uses, as far as its VMM may do more for it: bits of the operation `vmmJail`. The capabilities
 * that a VMM keeps are here too; which calls a feature opens is said in vmm_calls.ts.
 */
import { CAPABILITIES } from "../../runtime/spec/capabilities.ts";
import type { VmSettings } from "./settings.ts";

export const FEATURES = {
  /** Sockets of the host in the guest's place: without a card. */
  tsi: 1,
  tap: 2,
  disks: 4,
  gpu: 8,
  sev: 16,
  nitro: 32,
  /** Changes on the host are told to the guest. */
  watch: 64,
} as const;
export type Feature = keyof typeof FEATURES;

/** What this VM uses, as one number. */
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

/** The fields of `vmmJail`: no sockets of the host's are for a VM that is isolated. */
export function jailFeatures(settings: VmSettings) {
  const features = featureBits(settings);
  return { features, isolatedFeatures: features & ~FEATURES.tsi };
}

/** What virtiofs does as the guest's user asks: owners, modes, nodes and file capabilities of the container's own files. */
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
 * The most that the VMM keeps of config.json's capabilities; the agent gives the process in the guest all of them. The
 * sockets of a guest without a card are the VMM's, and those below 1024 take a capability.
 */
export function vmmCapabilities({ network }: VmSettings): bigint {
  const names = network === undefined ? [...VIRTIOFS, "CAP_NET_BIND_SERVICE"] : VIRTIOFS;
  return names.reduce((mask, name) => mask | 1n << BigInt(CAPABILITIES[name]!), 0n);
}
