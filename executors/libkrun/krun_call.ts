/** Calls of libkrun as operations of a plan; the VMM makes them (helper-c/vmm/krun.c). Other modules choose them. */
import { KRUN_ARGUMENTS, type KrunArgument, type Op } from "../../runtime/plan/op.ts";
import { joinPath } from "../../runtime/common/path.ts";

/** One argument, with the numbers and texts of the call that it uses. */
export interface Argument {
  readonly kind: KrunArgument;
  readonly number?: number | bigint | boolean;
  readonly texts?: readonly string[];
}

/** Arguments of libkrun's functions; KRUN_ARGUMENTS describes them. */
export const argument = {
  context: { kind: "context" },
  null: { kind: "null" },
  passt: { kind: "passt" },
  agentRoot: { kind: "agentRoot" },
  card: { kind: "card" },
  result: { kind: "result" },
  library: { kind: "library" },
  number: (number: number | bigint | boolean): Argument => ({ kind: "number", number }),
  /** @param address six bytes in hexadecimal, with colons. */
  mac: (address: string): Argument => ({
    kind: "mac",
    number: BigInt(`0x${address.replaceAll(":", "")}`),
  }),
  text: (text: string): Argument => ({ kind: "text", texts: [text] }),
  list: (...texts: readonly string[]): Argument => ({ kind: "list", number: texts.length, texts }),
  file: (path: string): Argument => ({ kind: "file", texts: [joinPath("/", path)] }),
  outputFile: (path: string): Argument => ({ kind: "outputFile", texts: [joinPath("/", path)] }),
  newFile: (path: string): Argument => ({ kind: "newFile", texts: [joinPath("/", path)] }),
  runFile: (name: string): Argument => ({ kind: "runFile", texts: [`/${name}`] }),
} as const;

type KrunCall = Op & { op: "krunCall" };

/** A call with the context as first argument; `wantedBy` is the place in config.json that requires it. */
export function call(name: string, wantedBy: string, ...args: readonly Argument[]): KrunCall {
  const from = wantedBy ? { from: wantedBy } : {};
  return { ...callOfAll(name, argument.context, ...args), wantedBy, ...from };
}

/** A call without a context. */
export function callOfAll(name: string, ...args: readonly Argument[]): KrunCall {
  return {
    op: "krunCall",
    function: name,
    wantedBy: "",
    ifIsolated: 0,
    keepResult: 0,
    kinds: args.map(({ kind }) => KRUN_ARGUMENTS.indexOf(kind)),
    numbers: args.flatMap(({ number }) => number === undefined ? [] : [BigInt(number)]),
    texts: args.flatMap(({ texts }) => texts ?? []),
  };
}
