/**
 * `linux.resources.devices` as a program for v2, which has no files for devices: an eBPF program of the type CGROUP_DEVICE
 * decides about each access (bpf(2); the kernel's admin-guide/cgroup-v2.rst, "Device controller"). Pure; device_filter.ts
 * loads it.
 */
import type { DeviceCgroup } from "../../spec/spec.ts";
import { instruction } from "../bpf_code.ts";
import { DEFAULT_DEVICES } from "./device_rules.ts";

export interface DeviceProgram {
  /** struct bpf_insn[], 8 bytes each; empty when every device is allowed, so that no program is needed. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** Does no rule deny anything? Then a host that does not permit programs can do without. */
  readonly dispensable: boolean;
}

// linux/bpf.h: struct bpf_cgroup_dev_ctx { u32 access_type, major, minor }
const CONTEXT = { accessType: 0, major: 4, minor: 8 } as const;
const BLOCK = 1;
const CHARACTER = 2;
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const EVERY_ACCESS = 7;

// linux/bpf.h: opcodes, all on the lower 32 bits of a register.
const LOAD_32 = 0x61;
const LOAD_16 = 0x69;
const MOVE = 0xb4;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const JUMP_UNLESS_EQUAL = 0x56;
const JUMP_IF_ANY_BIT = 0x46;
const JUMP = 0x05;
const EXIT = 0x95;

/**
 * The registers. Each access that a rule allows is removed from `wanted`. `field` is loaded again for each comparison: if
 * rules shared what they know of the device, the verifier would have to track another state through all further rules, and
 * give up at a few hundred of them.
 */
const REGISTER = { verdict: 0, context: 1, field: 2, wanted: 3 } as const;

/** A rule with all defaults filled in; `undefined` means any. */
interface Rule {
  readonly allow: boolean;
  readonly type?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly access: number;
}

/**
 * The program for a container: nothing is allowed, then the rules in their order, then the default devices, unless
 * everything is allowed. It evaluates them backwards, since the last rule that covers an access decides, and each access
 * separately: an open for reading and writing may be covered by two rules.
 */
export function deviceProgram(given: readonly DeviceCgroup[]): DeviceProgram {
  const all = given.map(ruleOf);
  const whole = all.findLastIndex(isWhole);
  const allowAll = whole >= 0 && all[whole]!.allow;
  const rules = all.slice(whole + 1);
  if (!allowAll) rules.push(...DEFAULT_RULES());
  const dispensable = given.every(({ allow, access }) =>
    allow && accessBits(access) === EVERY_ACCESS
  );
  if (allowAll && rules.every(({ allow }) => allow)) return { code: new Uint8Array(), dispensable };
  const code = [
    ...instruction(LOAD_32, REGISTER.wanted, REGISTER.context, CONTEXT.accessType),
    ...instruction(SHIFT_RIGHT, REGISTER.wanted, 0, 0, 16),
    ...rules.toReversed().flatMap(ruleCode),
    ...verdict(allowAll),
  ];
  return { code: Uint8Array.from(code), dispensable };
}

function ruleOf({ allow, type, major, minor, access }: DeviceCgroup): Rule {
  return {
    allow,
    ...(type === "b" ? { type: BLOCK } : type === "c" || type === "u" ? { type: CHARACTER } : {}),
    ...(major === undefined || major < 0 ? {} : { major }),
    ...(minor === undefined || minor < 0 ? {} : { minor }),
    access: accessBits(access),
  };
}

function accessBits(letters?: string): number {
  return [...letters || "rwm"].reduce((bits, letter) => bits | ACCESS[letter]!, 0);
}

/** Does the rule cover everything, so that earlier rules have no effect? */
function isWhole({ type, major, minor, access }: Rule): boolean {
  return type === undefined && major === undefined && minor === undefined &&
    access === EVERY_ACCESS;
}

function DEFAULT_RULES(): Rule[] {
  const number = (text: string) => text === "*" ? -1 : Number(text);
  return DEFAULT_DEVICES.map(([type, major, minor, access]) =>
    ruleOf({ allow: true, type, major: number(major), minor: number(minor), access })
  );
}

/** The tests come first; each jumps over the rest when the rule is for another device. */
function ruleCode({ allow, type, major, minor, access }: Rule): number[] {
  let code = allow ? allowCode(access) : denyCode(access);
  const test = (load: number, place: number, value: number | undefined) => {
    if (value === undefined) return;
    code = [
      ...instruction(load, REGISTER.field, REGISTER.context, place),
      ...instruction(JUMP_UNLESS_EQUAL, REGISTER.field, 0, code.length / 8, value),
      ...code,
    ];
  };
  test(LOAD_32, CONTEXT.minor, minor);
  test(LOAD_32, CONTEXT.major, major);
  // The type is in the lower half.
  test(LOAD_16, CONTEXT.accessType, type);
  return code;
}

/** Allows when no requested access is left. */
function allowCode(access: number): number[] {
  if (access === EVERY_ACCESS) return verdict(true);
  return [
    ...instruction(AND, REGISTER.wanted, 0, 0, ~access),
    ...instruction(JUMP_UNLESS_EQUAL, REGISTER.wanted, 0, 2, 0),
    ...verdict(true),
  ];
}

/** Denies when any of the remaining accesses is covered. */
function denyCode(access: number): number[] {
  if (access === EVERY_ACCESS) return verdict(false);
  return [
    ...instruction(JUMP_IF_ANY_BIT, REGISTER.wanted, 0, 1, access),
    ...instruction(JUMP, 0, 0, 2),
    ...verdict(false),
  ];
}

function verdict(allow: boolean): number[] {
  return [
    ...instruction(MOVE, REGISTER.verdict, 0, 0, allow ? 1 : 0),
    ...instruction(EXIT),
  ];
}
