/**
 * The meaning of a config.json, beyond its schema: tables of named checks, by property. This module defines their order;
 * the checks are in the files beside it. All are pure; host_checks.ts and the executors check what depends on the host.
 */
import { runChecks, type Warn } from "./check.ts";
import { LINUX_CHECKS } from "./linux_checks.ts";
import { NAMESPACE_CHECKS } from "./namespace_checks.ts";
import { PROCESS_CHECKS } from "./process_checks.ts";
import { RESOURCE_CHECKS } from "./resource_checks.ts";
import { SECCOMP_CHECKS } from "./seccomp_checks.ts";
import { SPEC_CHECKS } from "./spec_checks.ts";
import type { Process, Resources, Spec } from "../spec.ts";

/**
 * Checks a whole spec, as `create` needs it: with root and process.
 * @returns warnings, one sentence each, for properties that are ignored or read leniently.
 * @throws {SpecError} for the first check that fails.
 */
export function checkSpec(spec: Spec): string[] {
  const { process, linux } = spec;
  const warnings: string[] = [];
  const warn = warnTo(warnings);
  runChecks(SPEC_CHECKS, spec, spec, warn);
  if (process) runChecks(PROCESS_CHECKS, process, process, warn);
  if (!linux) return warnings;
  runChecks(NAMESPACE_CHECKS, linux, spec, warn);
  runChecks(LINUX_CHECKS, linux, spec, warn);
  if (linux.resources) runChecks(RESOURCE_CHECKS, linux.resources, linux.resources, warn);
  if (linux.seccomp) runChecks(SECCOMP_CHECKS, linux.seccomp, linux.seccomp, warn);
  return warnings;
}

/** Checks the process of `exec --process`, as checkSpec() does. */
export function checkProcess(process: Process): string[] {
  const warnings: string[] = [];
  runChecks(PROCESS_CHECKS, process, process, warnTo(warnings));
  return warnings;
}

/** Checks the resources of `update --resources`, as checkSpec() does. */
export function checkResources(resources: Resources): string[] {
  const warnings: string[] = [];
  runChecks(RESOURCE_CHECKS, resources, resources, warnTo(warnings));
  return warnings;
}

function warnTo(warnings: string[]): Warn {
  return (jsonPath, text) => warnings.push(`${jsonPath}: ${text}`);
}
