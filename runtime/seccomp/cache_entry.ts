/**
 * The bytes of one cached program. An entry contains the whole key for which it was made, and is used for that key
 * only: the file's name locates it, and is not trusted. In the machine's byte order:
 *
 *   u32 magic, u32 size of the program, u32 size of the key, u32 0, u64 fingerprint of the program | program | key
 *
 * No code here loops over bytes: the first loop of some hundred rounds makes V8 compile it, which costs a start 1 to 3
 * ms; hexadecimal text and big integers are native, and take 0.1 ms in total.
 */
import { COMMIT, VERSION } from "../../ffi/embedded.gen.ts";
import { stringifyJson } from "../spec/json.ts";
import type { Seccomp } from "../spec/spec.ts";
import { INSTRUCTION_SIZE } from "./enosys_stub.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** "KGS1". Another layout needs another magic. */
const MAGIC = 0x3153474b;

const HEADER_SIZE = 24;

/** Increment it with every change to the output of compile.ts; releases differ by their version anyway. */
const COMPILER = 1;

/**
 * All inputs of a program, as JSON: the profile without the properties that only its loading needs, and the versions of
 * what compiles it. The kernel's release is included because libseccomp asks the kernel for the available actions. The
 * same profile with its properties in another order has another key; engines keep the order.
 * @param library libseccompIdentity().
 */
export function cacheKey(seccomp: Seccomp, library: string): Bytes {
  const { defaultAction, defaultErrnoRet, architectures, syscalls } = seccomp;
  const compiler = [COMPILER, VERSION, COMMIT, library, Deno.build.arch, Deno.osRelease()];
  const json = toJson([compiler, defaultAction, defaultErrnoRet, architectures, syscalls]);
  return new TextEncoder().encode(json);
}

/** JSON.stringify() refuses a bigint, which profiles rarely have; stringifyJson() takes twice the time. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return stringifyJson(value);
  }
}

/** A file name for a key. Two keys can have the same name; they then replace each other's file. */
export function entryName(key: Bytes): string {
  return fingerprint(key).toString(16).padStart(16, "0");
}

export function encodeEntry(key: Bytes, program: Bytes): Bytes {
  const entry = new Uint8Array(HEADER_SIZE + program.length + key.length);
  new Uint32Array(entry.buffer, 0, 3).set([MAGIC, program.length, key.length]);
  new BigUint64Array(entry.buffer, 16, 1)[0] = fingerprint(program);
  entry.set(program, HEADER_SIZE);
  entry.set(key, HEADER_SIZE + program.length);
  return entry;
}

/** The program of an entry: "foreign" when the entry is for another key, "damaged" when it is incomplete or changed. */
export function decodeEntry(entry: Bytes, key: Bytes): Bytes | "foreign" | "damaged" {
  if (entry.length < HEADER_SIZE) return "damaged";
  const [magic, programSize = 0, keySize = 0, zero] = new Uint32Array(entry.buffer, 0, 4);
  if (magic !== MAGIC || zero !== 0) return "damaged";
  if (entry.length !== HEADER_SIZE + programSize + keySize) return "damaged";
  if (programSize === 0 || programSize % INSTRUCTION_SIZE !== 0) return "damaged";
  const program = entry.slice(HEADER_SIZE, HEADER_SIZE + programSize);
  if (fingerprint(program) !== new BigUint64Array(entry.buffer, 16, 1)[0]) return "damaged";
  const storedKey = entry.subarray(HEADER_SIZE + programSize);
  return storedKey.toHex() === key.toHex() ? program : "foreign";
}

/** The greatest prime below 2^64. */
const PRIME = 2n ** 64n - 59n;

/**
 * The bytes as one number, modulo a prime: a change is missed with a probability of 2^-64. This is against accidents; a
 * process that can write to the cache's folder already has this user's rights.
 */
function fingerprint(bytes: Bytes): bigint {
  return BigInt(`0x0${bytes.toHex()}`) % PRIME;
}
