/**
 * The program as the packed binary holds it: bundles wrapped so that they can be evaluated. Deno would parse a module
 * a second time to find its imports (8 kB a millisecond, and there are none), so it is given a one-line module that
 * evaluates the program instead.
 */
import { createHash } from "node:crypto";
import { START_WHOLE } from "./quick.ts";

/**
 * The one-line module. The stub puts a number after each piece but the last: the caller's soft limit on open files,
 * those that the stub has raised (by their numbers in setrlimit(2); 2^64-1 is one that it has not), the connection to a container whose start failed or 0, the file descriptors of the caller's environment, of the shim, of
 * the program. The program finds all but the last in `globalThis.kago`.
 *
 * evalContext() of Deno's core, unlike eval(), looks for compiled code in Deno's cache. It knows a program by the name
 * given and V8's hash of the text, which for a text as long as these is its length: with a name that says no more, a
 * kago would run the bytecode of another. So the name is the digest that the text begins with.
 * An error that main.ts did not handle is printed here: Deno's log is off.
 */
export const LOADER: readonly string[] = [
  "data:text/javascript,globalThis.kago={softNofile:",
  ",raised:{3:",
  "n,1:",
  "n,9:",
  "n},report:",
  ",environment:'/proc/self/fd/",
  "',shim:'/proc/self/fd/",
  "',start:(t)=>Deno[Deno.internal].core.evalContext(t,'file:///kago/'+t.slice(2,34))[0]};" +
  "kago.start(Deno.readTextFileSync('/proc/self/fd/",
  "')).catch((e)=>{console.error(e);Deno.exit(1)})",
];

/**
 * The bundle without the shim in base64, which it carries for `deno compile`: the stub hands the shim over as a file,
 * and reading and decoding the text and making a memory file of it took 1.5 ms of every start.
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
 * @param offset where the script of the whole program stands in the executable, in bytes.
 * @param size its length in bytes.
 */
export function wrapPart(bundle: string, offset: number, size: number): string {
  return wrap(`const ${START_WHOLE}=${startWhole(offset, size)};${bundle}`, "kago_part.js");
}

/** In hexadecimal; LOADER has the numbers that follow from it. */
const DIGEST_LENGTH = 32;

/** The name appears in stack traces. A function of its own keeps the bundle's variables out of the global object. */
function wrap(bundle: string, name: string): string {
  const script = `(async()=>{${bundle}\n})()\n//# sourceURL=${name}\n`;
  const digest = createHash("sha256").update(script).digest("hex").slice(0, DIGEST_LENGTH);
  return `/*${digest}*/${script}`;
}

function startWhole(offset: number, size: number): string {
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
