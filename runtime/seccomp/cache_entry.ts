/**
 * The bytes of one cached program. An entry holds the whole key that it was made for and is used for that key only: the
 * file's name finds it, and is not trusted. In this machine's byte order:
 *
 *   u32 magic, u32 size of the program, u32 size of the key, u32 0, u64 fingerprint of the program | program | key
 *
 * Nothing here goes through bytes in a loop: the first loop of some hundred rounds makes V8 compile it, which costs a
 * start 1 to 3 ms; hexadecimal text and big integers are native, and take 0.1 ms for all of it.
 */
import { COMMIT, VERSION } from "../../ffi/embedded.gen.ts";
import { stringifyJson } from "../spec/json.ts";
import type { Seccomp } from "../spec/spec.ts";
import { INSTRUCTION_SIZE } from "./enosys_stub.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** "KGS1". Another layout gets another magic. */
const MAGIC = 0x3153474b;

const HEADER_SIZE = 24;

/** Raise it with every change to what compile.ts makes of a profile; releases differ by their version anyway. */
const COMPILER = 1;

/**
 * All that a program depends on, as JSON: the profile without what only its loading needs, and what turns it into
 * instructions. The kernel's release is in it because libseccomp asks the kernel which actions there are. The same
 * profile with its properties in another order has another key, which an engine does not do.
 * @param library libseccompIdentity().
 */
export function cacheKey(seccomp: Seccomp, library: string): Bytes {
  const { defaultAction, defaultErrnoRet, architectures, syscalls } = seccomp;
  const compiler = [COMPILER, VERSION, COMMIT, library, Deno.build.arch, Deno.osRelease()];
  const json = toJson([compiler, defaultAction, defaultErrnoRet, architectures, syscalls]);
  return new TextEncoder().encode(json);
}

/** JSON.stringify() refuses a bigint, which hardly a profile has; stringifyJson() takes twice the time. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return stringifyJson(value);
  }
}

/** A file name for a key: two keys could have the same one, and would take turns in the file. */
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

/** The program of an entry: "foreign" when it was made for another key, "damaged" when it is not whole. */
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
 * The bytes as one number, modulo a prime: a change goes unseen with a chance of 2^-64. It is against accidents; who can
 * write into the cache's folder is this user already.
 */
function fingerprint(bytes: Bytes): bigint {
  return BigInt(`0x0${bytes.toHex()}`) % PRIME;
}
