/**
 * The bytes of one cached program. An entry holds the whole key that it was made for and is used for that key only: the
 * hash in its name finds it, and is not trusted. All numbers are u32 in this machine's byte order:
 *
 *   magic, size of the program, size of the key, checksum (2) | program | key (UTF-8)
 */
import { COMMIT, VERSION } from "../../ffi/embedded.gen.ts";
import type { Seccomp } from "../spec/spec.ts";
import { INSTRUCTION_SIZE } from "./enosys_stub.ts";

/** "KGS1". Another layout gets another magic. */
const MAGIC = 0x3153474b;

const HEADER_SIZE = 20;

/** Raise it with every change to what compile.ts makes of a profile; releases differ by their version anyway. */
const COMPILER = 1;

/**
 * All that a program depends on, as JSON: the profile's rules without what only its loading needs, and what turns them into
 * instructions. The kernel's release is in it because libseccomp asks the kernel which actions there are.
 * @param library libseccompIdentity().
 */
export function cacheKey(seccomp: Seccomp, library: string): string {
  const { defaultAction, defaultErrnoRet = null, architectures = [], syscalls = [] } = seccomp;
  const rules = syscalls.map(({ names, action, errnoRet = null, args = [] }) => [
    action,
    errnoRet,
    names,
    // Strings, for a number or a bigint alike.
    args.map(({ index, op, value, valueTwo = 0 }) => [index, op, `${value}`, `${valueTwo}`]),
  ]);
  return JSON.stringify([
    [COMPILER, VERSION, COMMIT, library, Deno.build.arch, Deno.osRelease()],
    [defaultAction, defaultErrnoRet, architectures],
    rules,
  ]);
}

/** A file name for a key: two keys may share one, and then take turns in it. */
export function entryName(key: string): string {
  const [low, high] = hash(encoder.encode(key));
  return [low, high].map((word) => word.toString(16).padStart(8, "0")).join("");
}

const encoder = new TextEncoder();

export function encodeEntry(key: string, program: Uint8Array): Uint8Array<ArrayBuffer> {
  const keyBytes = encoder.encode(key);
  const entry = new Uint8Array(HEADER_SIZE + program.length + keyBytes.length);
  const header = new Uint32Array(entry.buffer, 0, HEADER_SIZE / 4);
  header.set([MAGIC, program.length, keyBytes.length, ...hash(program)]);
  entry.set(program, HEADER_SIZE);
  entry.set(keyBytes, HEADER_SIZE + program.length);
  return entry;
}

/** The program of an entry: "foreign" when it was made for another key, "damaged" when it is not whole. */
export function decodeEntry(
  entry: Uint8Array<ArrayBuffer>,
  key: string,
): Uint8Array<ArrayBuffer> | "foreign" | "damaged" {
  if (entry.length < HEADER_SIZE) return "damaged";
  const [magic, programSize, keySize, low, high] = new Uint32Array(entry.buffer, 0, 5);
  if (magic !== MAGIC || entry.length !== HEADER_SIZE + programSize! + keySize!) return "damaged";
  if (programSize === 0 || programSize! % INSTRUCTION_SIZE !== 0) return "damaged";
  const program = entry.slice(HEADER_SIZE, HEADER_SIZE + programSize!);
  const sum = hash(program);
  if (sum[0] !== low || sum[1] !== high) return "damaged";
  const storedKey = new TextDecoder().decode(entry.subarray(HEADER_SIZE + programSize!));
  return storedKey === key ? program : "foreign";
}

/**
 * 64 bits that any change of the bytes changes, by words since this runs at every start: two lanes of FNV-1a with other
 * multipliers, mixed at the end. It is against accidents; who can write into the cache's folder is its owner already.
 */
function hash(bytes: Uint8Array): [number, number] {
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  let low = 0x811c9dc5 ^ bytes.length;
  let high = 0x9e3779b9;
  for (const word of words) {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca6b);
    high = (high << 13) | (high >>> 19);
  }
  return [(low ^ (high >>> 16)) >>> 0, (high ^ low) >>> 0];
}
