/**
 * BPF instructions before libseccomp's program that answer ENOSYS to system calls newer than the profile. compile.ts
 * decides whether a profile needs them.
 *
 * Reason: a profile that denies by default with EPERM also denies calls that did not exist when it was written.
 * Programs try a new call and fall back to an old one when the kernel returns ENOSYS; EPERM makes them fail (glibc with
 * clone3 and faccessat2 did). So, as in runc, a number above the highest that the profile names for its architecture
 * gets ENOSYS. An older call, which the profile could have named, still gets the default action.
 */
import { ENOSYS } from "../common/errno.ts";

/** struct sock_filter: code, jump if true, jump if false, operand (linux/filter.h). */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

/** linux/bpf_common.h, combined. */
const LOAD = 0x20;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_BITS_SET = 0x45;
const RETURN = 0x06;

/** struct seccomp_data (linux/seccomp.h). */
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;

const RETURN_ENOSYS: Instruction = [RETURN, 0, 0, 0x00050000 | ENOSYS];

const SCMP_ARCH_X32 = 0x4000003e;
const AUDIT_ARCH_X86_64 = 0xc000003e;
/** __X32_SYSCALL_BIT, set in the numbers of x32's calls. */
const X32_BIT = 0x40000000;
const AUDIT_ARCH_S390 = 0x16;
const AUDIT_ARCH_S390X = 0x80000016;

/**
 * The stub; calls that it does not answer continue behind it.
 * @param highest the highest number that the profile names, by libseccomp's token of the architecture.
 */
export function enosysStub(highest: ReadonlyMap<number, number>): Instruction[] {
  let stub: Instruction[] = [];
  // Built backwards, since a section jumps over those behind it.
  for (const architecture of [...auditArchitectures(highest)].reverse()) {
    stub = [...section(architecture, highest, stub.length), ...stub];
  }
  return [[LOAD, 0, 0, ARCHITECTURE_OFFSET], ...stub];
}

/** libseccomp's tokens are the kernel's AUDIT_ARCH_*, except for x32, which has x86_64's and a bit in its numbers. */
function auditArchitectures(highest: ReadonlyMap<number, number>): Set<number> {
  return new Set(
    [...highest.keys()].map((token) => token === SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token),
  );
}

/** For another architecture it jumps to its end, with the architecture still loaded. */
function section(
  architecture: number,
  highest: ReadonlyMap<number, number>,
  behind: number,
): Instruction[] {
  const body: Instruction[] = [[LOAD, 0, 0, NUMBER_OFFSET]];
  if (architecture === AUDIT_ARCH_X86_64) {
    const x32 = limit(highest.get(SCMP_ARCH_X32), behind);
    const x86_64 = limit(highest.get(AUDIT_ARCH_X86_64), x32.length + behind);
    body.push([JUMP_BITS_SET, x86_64.length, 0, X32_BIT], ...x86_64, ...x32);
  } else {
    if (architecture === AUDIT_ARCH_S390 || architecture === AUDIT_ARCH_S390X) {
      // A number that does not fit into the instruction is passed separately, and stays 0 when the kernel does not know
      // it. The real call 0, setup, has not existed for decades.
      body.push([JUMP_EQUAL, 0, 1, 0], RETURN_ENOSYS);
    }
    body.push(...limit(highest.get(architecture), behind));
  }
  return [[JUMP_EQUAL, 0, body.length, architecture], ...body];
}

/** Continues at the filter, which is `behind` instructions away, unless the number is above `highest`. */
function limit(highest: number | undefined, behind: number): Instruction[] {
  const goOn: Instruction = [JUMP, 0, 0, behind];
  return highest === undefined ? [goOn] : [[JUMP_GREATER, 0, 1, highest], RETURN_ENOSYS, goOn];
}

/** Bytes of a struct sock_filter. */
export const INSTRUCTION_SIZE = 8;

/** Instructions as an array of struct sock_filter, in this machine's byte order. */
export function encodeInstructions(instructions: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_SIZE);
  instructions.forEach(([code, jt, jf, k], index) => {
    const offset = index * INSTRUCTION_SIZE;
    new Uint16Array(bytes.buffer, offset, 1)[0] = code;
    bytes[offset + 2] = jt;
    bytes[offset + 3] = jf;
    new Uint32Array(bytes.buffer, offset + 4, 1)[0] = k;
  });
  return bytes;
}
