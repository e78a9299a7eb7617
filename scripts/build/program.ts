/**
 * The program in the packed binary: bundles, wrapped so that they can be evaluated. Deno would parse a module a second time
 * to find its imports (8 kB per millisecond, and there are none), so it gets a one-line module that evaluates the program
 * instead.
 */
import { createHash } from "node:crypto";
import type { Part } from "./entry_header.ts";
import { START_MICROVM, START_WHOLE } from "./quick.ts";

/**
 * The stub's numbers: the caller's soft limit on open files, those that the stub has raised (by their numbers in
 * setrlimit(2); 2^64-1 if not raised), the connection to a container whose start failed or 0, and the file descriptors of
 * the caller's environment, of the shim, of the program. The program finds all except the last in `globalThis.kago`.
 */
const NUMBERS = 8;

/**
 * The function that starts the program, called with the numbers.
 *
 * Unlike eval(), evalContext() of Deno's core looks for compiled code in Deno's cache. The key is the given name and V8's
 * hash of the text, which for texts of this length is only the length: with a constant name, a kago could run another's
 * bytecode. So the name is the digest with which the text begins. Errors that main.ts did not handle are printed here:
 * Deno's log is off.
 */
const START = "(n=>{globalThis.kago={softNofile:+n[0]," +
  "raised:{3:BigInt(n[1]),1:BigInt(n[2]),9:BigInt(n[3])},report:+n[4]," +
  "environment:'/proc/self/fd/'+n[5],shim:'/proc/self/fd/'+n[6]," +
  "start:(t)=>Deno[Deno.internal].core.evalContext(t,'file:///kago/'+t.slice(2,34))[0]};" +
  "(async()=>kago.start(Deno.readTextFileSync('/proc/self/fd/'+n[7])))()" +
  ".catch((e)=>{console.error(e);Deno.exit(1)})})";

/** The pieces of a loader, after each of which except the last the stub inserts a number. */
function loader(before: string, after: string): readonly string[] {
  return [before, ...Array.from({ length: NUMBERS - 1 }, () => ","), after];
}

/** For `deno run`: the one-line module. */
export const MODULE_LOADER = loader(`data:text/javascript,${START}('`, "'.split(','))");

/** For `deno compile`, whose one-line module is in the executable: a variable. */
const VARIABLE = "KAGO_START";
export const VARIABLE_LOADER = loader(`${VARIABLE}=`, "");

/** The variable for an empty program, if standard input is empty. */
export function emptyProgram(): Readonly<Record<string, string>> {
  return { [VARIABLE]: "0,".repeat(NUMBERS - 1) + "0" };
}

/**
 * That module. It takes back the variables that are for denort and for itself, so that nobody finds them in the
 * environment. As a data: URL it has no bytecode, whose place the program would otherwise not get (compile_pack.ts).
 * @param digest of kago's programs: denort throws its bytecode away when it runs with another module.
 */
export function compiledModule(digest: string): string {
  return `data:text/javascript,/*${digest}*/(n=>{` +
    `['${VARIABLE}','TMPDIR'].forEach((name)=>Deno.env.delete(name));${START}(n.split(','))` +
    `})(Deno.env.get('${VARIABLE}'))`;
}

/**
 * The bundle without the shim in base64, which is for tests of modules: the stub passes the shim as a file. Reading and
 * decoding the text and making a memory file of it took 1.5 ms of every start.
 * @throws {Error} when the program does not look for the file.
 */
export function leaveOutShim(bundle: string, shim: Uint8Array<ArrayBuffer>): string {
  const base64 = shim.toBase64();
  if (!bundle.includes(base64)) return bundle;
  if (!bundle.includes("globalThis.kago")) {
    throw new Error("the program carries the shim but does not look for it in globalThis.kago");
  }
  return bundle.replaceAll(base64, "");
}

/** The whole program as a script. */
export function wrapWhole(bundle: string): string {
  return wrap(bundle, "kago.js");
}

/**
 * A partial program as a script.
 * @param whole where the whole program is in the executable.
 * @param microvm where the program for microVMs is, if this one starts it.
 */
export function wrapPart(bundle: string, whole: Part, microvm?: Part): string {
  const functions = [[START_WHOLE, whole], [START_MICROVM, microvm]] as const;
  const start = functions.map(([name, place]) => place ? `const ${name}=${starter(place)};` : "");
  return wrap(start.join("") + bundle, "kago_part.js");
}

/** Hexadecimal digits; START has numbers that depend on it. */
const DIGEST_LENGTH = 32;

/** The name appears in stack traces. The function keeps the bundle's variables out of the global object. */
function wrap(bundle: string, name: string): string {
  const script = `(async()=>{${bundle}\n})()\n//# sourceURL=${name}\n`;
  return `/*${digestOf([script])}*/${script}`;
}

/** In DIGEST_LENGTH digits. */
export function digestOf(contents: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content);
  return hash.digest("hex").slice(0, DIGEST_LENGTH);
}

function starter({ offset, size }: Part): string {
  return `()=>{` +
    `const exe=Deno.openSync("/proc/self/exe"),bytes=new Uint8Array(${size});` +
    `exe.seekSync(${offset},0);` +
    `for(let n=0;n<${size};){` +
    `const read=exe.readSync(bytes.subarray(n));` +
    `if(read===null)throw new Error("the executable of kago is cut short");` +
    `n+=read}` +
    `exe.close();` +
    `return globalThis.kago.start(new TextDecoder().decode(bytes))}`;
}
