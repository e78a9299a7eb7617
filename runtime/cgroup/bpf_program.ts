/** BPF programs on a v2 cgroup: loads one and replaces the one that kago has attached there before. */
import { bpf, BpfAttributes } from "../../ffi/bpf.ts";
import { closeFd } from "../../ffi/descriptors.ts";
import { checked, textOf } from "../../ffi/shim_call.ts";
import { SyscallError } from "../common/errors.ts";

// linux/bpf.h
const PROG_LOAD = 5;
const PROG_ATTACH = 8;
const PROG_DETACH = 9;
const PROG_GET_FD_BY_ID = 13;
const MAP_GET_FD_BY_ID = 14;
const OBJ_GET_INFO_BY_FD = 15;
const PROG_QUERY = 16;
const ALLOW_MULTI = 2;
const REPLACE = 4;
const INSTRUCTION = 8;

/** The kernel's maximum per cgroup. */
const MAX_PROGRAMS = 64;

/** A program type and an attach type of linux/bpf.h, enum bpf_prog_type and enum bpf_attach_type. */
export interface ProgramKind {
  readonly type: number;
  readonly attach: number;
  /** Does the verifier need the attach type? Then it is given when a program is loaded. */
  readonly verifiedFor?: true;
  /** Distinguishes kago's programs from those of others on the same cgroup, such as systemd's; at most 15 bytes. */
  readonly name: string;
}

/** Bytes of struct bpf_prog_info up to the end of the name, and the offsets of its fields. */
const INFO = { size: 80, mapCount: 52, maps: 56, name: 64 } as const;

/** Size of the verifier's log, which has a line for each instruction. */
const LOG_SIZE = 2048;

/**
 * Attaches a program in place of the previous one; without code, it only detaches that.
 * @param cgroup a descriptor of its directory.
 * @throws {SyscallError} naming the command of bpf(2), with the verifier's log.
 */
export function setProgram(cgroup: number, kind: ProgramKind, code: Uint8Array): void {
  const old = findProgram(cgroup, kind);
  try {
    if (code.length > 0) attach(cgroup, kind, code, old);
    else if (old >= 0) detach(cgroup, kind, old);
  } finally {
    if (old >= 0) closeFd(old);
  }
}

/**
 * The descriptor of the program that kago has attached, or -1. A program that kago may not inspect is not its own.
 * @throws {SyscallError}
 */
export function findProgram(cgroup: number, kind: ProgramKind): number {
  const query = new BpfAttributes([cgroup, kind.attach], 4 * MAX_PROGRAMS);
  query.setAddress(16, 0);
  query.setNumber(24, MAX_PROGRAMS);
  checked(bpf(PROG_QUERY, query), "BPF_PROG_QUERY");
  const ids = new Uint32Array(query.data.buffer, query.data.byteOffset, query.number(24));
  for (const id of ids) {
    const program = bpf(PROG_GET_FD_BY_ID, new BpfAttributes([id]));
    if (program < 0) continue;
    if (nameOf(program) === kind.name) return program;
    closeFd(program);
  }
  return -1;
}

function nameOf(program: number): string | undefined {
  const query = new BpfAttributes([program, INFO.size], INFO.size);
  query.setAddress(8, 0);
  if (bpf(OBJ_GET_INFO_BY_FD, query) < 0) return undefined;
  return textOf(query.data.subarray(INFO.name));
}

/**
 * The descriptor of the first map that the program uses.
 * @throws {SyscallError}
 */
export function mapOfProgram(program: number): number {
  const query = new BpfAttributes([program, INFO.size], INFO.size + 4);
  query.setAddress(8, 0);
  const info = new DataView(query.data.buffer, query.data.byteOffset);
  info.setUint32(INFO.mapCount, 1, true);
  query.setAddress(BpfAttributes.SIZE + INFO.maps, INFO.size);
  checked(bpf(OBJ_GET_INFO_BY_FD, query), "BPF_OBJ_GET_INFO_BY_FD");
  const id = info.getUint32(INFO.size, true);
  return checked(bpf(MAP_GET_FD_BY_ID, new BpfAttributes([id])), "BPF_MAP_GET_FD_BY_ID");
}

/** Replaces `old` atomically, unless that is -1: the rules apply without a gap. */
function attach(cgroup: number, kind: ProgramKind, code: Uint8Array, old: number): void {
  const program = load(kind, code);
  const numbers = old < 0 ? [ALLOW_MULTI] : [ALLOW_MULTI | REPLACE, old];
  try {
    const attributes = new BpfAttributes([cgroup, program, kind.attach, ...numbers]);
    checked(bpf(PROG_ATTACH, attributes), "BPF_PROG_ATTACH");
  } finally {
    closeFd(program);
  }
}

function detach(cgroup: number, { attach }: ProgramKind, program: number): void {
  const attributes = new BpfAttributes([cgroup, program, attach]);
  checked(bpf(PROG_DETACH, attributes), "BPF_PROG_DETACH");
}

/** The program's descriptor. */
function load(kind: ProgramKind, code: Uint8Array): number {
  const program = bpf(PROG_LOAD, loading(kind, code, 0));
  if (program >= 0) return program;
  // Loads it again for the log, which takes longer; the errno of the first load is reported.
  const again = loading(kind, code, LOG_SIZE);
  const second = bpf(PROG_LOAD, again);
  if (second >= 0) closeFd(second);
  const log = textOf(again.data.subarray(-LOG_SIZE));
  throw new SyscallError(`BPF_PROG_LOAD ${log}`.trim().replaceAll("\n", ", "), -program);
}

const LICENSE = new TextEncoder().encode("Apache-2.0\0");

/** In `data` the code comes first, and the log last. */
function loading(kind: ProgramKind, code: Uint8Array, logSize: number): BpfAttributes {
  const numbers = [kind.type, code.length / INSTRUCTION];
  const attributes = new BpfAttributes(numbers, code.length + LICENSE.length + logSize);
  attributes.data.set(code);
  attributes.setAddress(8, 0);
  attributes.data.set(LICENSE, code.length);
  attributes.setAddress(16, code.length);
  if (logSize > 0) {
    attributes.setNumber(24, 1);
    attributes.setNumber(28, logSize);
    attributes.setAddress(32, code.length + LICENSE.length);
  }
  new TextEncoder().encodeInto(kind.name, attributes.bytes.subarray(48));
  if (kind.verifiedFor) attributes.setNumber(68, kind.attach);
  return attributes;
}
