/**
 * `linux.seccomp` of config.json as a BPF program: the rules for libseccomp, and their order. The instructions come
 * from libseccomp and enosys_stub.ts; check.ts checks the profile before, cache.ts stores the result, and the stage
 * loads it.
 */
import { Filter, NATIVE, nativeArchitecture, resolveSyscall } from "../../ffi/libseccomp.ts";
import { describeErrno, SpecError, SyscallError } from "../common/errors.ts";
import type { Seccomp, SeccompAction, SeccompArg, SeccompSyscall } from "../spec/spec.ts";
import { encodeInstructions, enosysStub, INSTRUCTION_SIZE } from "./enosys_stub.ts";
import { filterFlags } from "./flags.ts";
import { actionNumber, architectureToken, operatorNumber } from "./names.ts";
import { EDOM, EEXIST, ENOSYS } from "../common/errno.ts";

const PLACE = "linux.seccomp";

export interface SeccompFilter {
  /** An array of struct sock_filter in this machine's byte order. */
  readonly filter: Uint8Array<ArrayBuffer>;
  /** SECCOMP_FILTER_FLAG_* for seccomp(2). */
  readonly flags: number;
  /** seccomp(2) returns a descriptor, which must be sent to `listenerPath`. */
  readonly listener: boolean;
  /** One sentence each, without a full stop. */
  readonly warnings: readonly string[];
}

/**
 * Compiles a profile, which takes some 15 ms; containers use cachedFilter().
 * @throws {SpecError} for what libseccomp refuses, naming the rule, and for more instructions than the kernel accepts.
 * @throws {HostError} when libseccomp cannot be loaded.
 */
export function compileFilter(seccomp: Seccomp): SeccompFilter {
  return { ...compileProgram(seccomp), ...filterFlags(seccomp) };
}

/** The part of a filter that takes time to compile. */
export type Program = Pick<SeccompFilter, "filter" | "warnings">;

/** As compileFilter(), without the flags. */
export function compileProgram(seccomp: Seccomp): Program {
  const architectures = listArchitectures(seccomp);
  const warnings: string[] = [];
  const defaultAction = actionNumber(
    seccomp.defaultAction,
    seccomp.defaultErrnoRet,
    `${PLACE}.defaultAction`,
  );
  const filter = openFilter(defaultAction);
  try {
    addArchitectures(filter, architectures);
    for (const [index, rule] of seccomp.syscalls?.entries() ?? []) {
      const place = `${PLACE}.syscalls[${index}]`;
      const action = actionNumber(rule.action, rule.errnoRet, `${place}.action`);
      // libseccomp refuses a rule that changes nothing, but profiles have such rules.
      if (action === defaultAction) continue;
      const unknown = addRules(filter, action, rule, place);
      if (unknown.length === 0 || !isDenialLost(seccomp, rule)) continue;
      warnings.push(
        `${place}.names: the installed libseccomp does not know ${unknown.join(", ")}, so ` +
          `${seccomp.defaultAction} applies to it`,
      );
    }
    const stub = stubFor(seccomp, architectures.map(({ token }) => token));
    return { filter: concatenate(stub, filter.export()), warnings };
  } finally {
    filter.release();
  }
}

/** libseccomp and the kernel may be older than an action, and libseccomp accepts errnos only up to 4094. */
function openFilter(defaultAction: number): Filter {
  try {
    return new Filter(defaultAction);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new SpecError(`${PLACE}.defaultAction`, "libseccomp refuses it", { cause });
  }
}

interface Architecture {
  readonly token: number;
  readonly jsonPath: string;
}

/** The filter always contains the native one, listed or not. */
function listArchitectures({ architectures }: Seccomp): Architecture[] {
  const listed = architectures?.map((name, index) => {
    const jsonPath = `${PLACE}.architectures[${index}]`;
    return { token: architectureToken(name, jsonPath), jsonPath };
  });
  return [{ token: nativeArchitecture(), jsonPath: `${PLACE}.architectures` }, ...listed ?? []];
}

/** Called before the rules, since libseccomp translates these for the architectures already added. */
function addArchitectures(filter: Filter, architectures: readonly Architecture[]): void {
  for (const { token, jsonPath } of architectures) {
    const errno = filter.addArchitecture(token);
    if (errno === 0) continue;
    throw new SpecError(
      jsonPath,
      errno === EDOM
        ? "has a different byte order than this machine and cannot be in its filter"
        : `libseccomp refuses it: ${describeErrno(errno)}`,
    );
  }
}

/** Returns the names that libseccomp does not know, which get no rule: profiles name calls of many kernels. */
function addRules(
  filter: Filter,
  action: number,
  { names, args = [] }: SeccompSyscall,
  place: string,
): string[] {
  const alternatives = conditionSets(args, place);
  const unknown: string[] = [];
  for (const [index, name] of names.entries()) {
    const number = resolveSyscall(name, NATIVE);
    if (number === undefined) {
      unknown.push(name);
      continue;
    }
    for (const conditions of alternatives) {
      const errno = filter.addRule(action, number, conditions);
      if (errno !== 0) throw ruleError(`${place}.names[${index}]`, name, errno);
    }
  }
  return unknown;
}

/**
 * The conditions of each rule to add. libseccomp accepts one condition per argument in a rule. If a profile's rule has
 * several for one argument, each of its conditions becomes a rule, so any of them suffices: runc and crun do the same,
 * and such profiles rely on it.
 */
function conditionSets(args: readonly SeccompArg[], place: string) {
  const conditions = args.map(({ index, op, value, valueTwo = 0 }, position) => ({
    index,
    op: operatorNumber(op, `${place}.args[${position}].op`),
    value,
    valueTwo,
  }));
  const indexes = new Set(conditions.map(({ index }) => index));
  return indexes.size === conditions.length
    ? [conditions]
    : conditions.map((condition) => [condition]);
}

function ruleError(jsonPath: string, name: string, errno: number): SpecError {
  return new SpecError(
    jsonPath,
    errno === EEXIST
      ? `${name} has a rule with the same conditions and another action already`
      : `libseccomp refuses the rule for ${name}: ${describeErrno(errno)}`,
  );
}

/** The actions after which the call is made, or may be, since a tracer decides. */
const PERMISSIVE: readonly SeccompAction[] = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];

function isDenialLost({ defaultAction }: Seccomp, { action }: SeccompSyscall): boolean {
  return PERMISSIVE.includes(defaultAction) && !PERMISSIVE.includes(action);
}

/** The instructions before libseccomp's program; none if the default allows calls or answers ENOSYS. */
function stubFor(seccomp: Seccomp, tokens: readonly number[]): Uint8Array<ArrayBuffer> {
  const { defaultAction, defaultErrnoRet } = seccomp;
  const answersEnosys = defaultAction === "SCMP_ACT_ERRNO" && defaultErrnoRet === ENOSYS;
  if (answersEnosys || PERMISSIVE.includes(defaultAction)) return new Uint8Array();
  const highest = highestNumbers(seccomp, tokens);
  return highest.size === 0 ? new Uint8Array() : encodeInstructions(enosysStub(highest));
}

/** The highest number that the profile names, by architecture; none for an architecture without named calls. */
function highestNumbers({ syscalls }: Seccomp, tokens: readonly number[]): Map<number, number> {
  const names = new Set(syscalls?.flatMap((rule) => rule.names));
  const highest = new Map<number, number>();
  for (const token of tokens) {
    for (const name of names) {
      const number = resolveSyscall(name, token) ?? 0;
      if (number > (highest.get(token) ?? 0)) highest.set(token, number);
    }
  }
  return highest;
}

/** BPF_MAXINSNS (linux/bpf_common.h). */
const MAX_INSTRUCTIONS = 4096;

function concatenate(
  stub: Uint8Array<ArrayBuffer>,
  program: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const count = (stub.length + program.length) / INSTRUCTION_SIZE;
  if (count > MAX_INSTRUCTIONS) {
    throw new SpecError(
      PLACE,
      `compiles to ${count} instructions, but the kernel accepts at most ${MAX_INSTRUCTIONS}`,
    );
  }
  const whole = new Uint8Array(stub.length + program.length);
  whole.set(stub);
  whole.set(program, stub.length);
  return whole;
}
