/**
 * What a bundle says about its microVM: the `krun.*` annotations, and the limits of the spec where they are silent.
 * Pure. Annotations that are not named here are ignored, as the runtime spec wants it ("Annotations").
 */
import { SpecError } from "../../runtime/errors.ts";
import type { Spec } from "../../runtime/spec/spec.ts";
import { defaultCpus, defaultRamMib } from "./defaults.ts";

/** The settings of one microVM. */
export interface VmSettings {
  readonly cpus: number;
  readonly ramMib: number;
  /** 0 off, 1 errors, 2 warnings, 3 information, 4 debugging, 5 everything (libkrun.h). */
  readonly logLevel: number;
  /** Absolute path of a libkrun other than the one that the dynamic linker finds. */
  readonly libkrunPath?: string;
}

/** libkrun.h takes a byte; more than 16 vCPUs are not what libkrun is made for, and crun stops there too. */
export const MAX_CPUS = 16;

/** In this much the guest kernel of libkrunfw boots and leaves half of it to the container. */
export const MIN_RAM_MIB = 128;

/** 1 TiB: the page tables alone of a guest beyond it would not fit the hosts that run containers. */
export const MAX_RAM_MIB = 1024 * 1024;

const ERRORS_ONLY = 1;
const MAX_LOG_LEVEL = 5;

/**
 * The settings that annotations and limits add up to.
 * @throws {SpecError} for an annotation out of its range.
 */
export function readVmSettings(spec: Spec): VmSettings {
  refuseVariant(spec);
  const resources = spec.linux?.resources ?? {};
  const libkrunPath = absolutePath(spec, "krun.libkrun.path");
  return {
    cpus: integer(spec, "krun.cpus", 1, MAX_CPUS) ?? defaultCpus(resources, MAX_CPUS),
    ramMib: integer(spec, "krun.ram_mib", MIN_RAM_MIB, MAX_RAM_MIB) ??
      defaultRamMib(resources, MIN_RAM_MIB, MAX_RAM_MIB),
    logLevel: integer(spec, "krun.log_level", 0, MAX_LOG_LEVEL) ?? ERRORS_ONLY,
    ...(libkrunPath === undefined ? {} : { libkrunPath }),
  };
}

function integer(spec: Spec, name: string, least: number, most: number): number | undefined {
  const text = spec.annotations?.[name];
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw annotationError(
    name,
    `is ${JSON.stringify(text)}, must be an integer from ${least} to ${most}`,
  );
}

function absolutePath(spec: Spec, name: string): string | undefined {
  const text = spec.annotations?.[name];
  if (text === undefined || (text.startsWith("/") && !text.includes("\0"))) return text;
  throw annotationError(name, `is ${JSON.stringify(text)}, must be an absolute path of the host`);
}

/** To run a confidential workload in an ordinary microVM would be a lie about its security. */
function refuseVariant(spec: Spec): void {
  const name = "krun.variant";
  const variant = spec.annotations?.[name];
  if (variant === undefined) return;
  throw annotationError(
    name,
    `${JSON.stringify(variant)} is not supported: kago runs ordinary microVMs only`,
  );
}

function annotationError(name: string, problem: string): SpecError {
  return new SpecError(`annotations["${name}"]`, problem);
}
