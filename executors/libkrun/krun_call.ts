/** Calls of libkrun as operations of a plan: the VMM makes them (helper-c/vmm/krun.c). Which to make is not decided here. */
import type { Op } from "../../runtime/plan/op.ts";
import { joinPath } from "../../runtime/common/path.ts";

/** Arguments of libkrun's functions: a letter and a value (helper-c/vmm/krun.c, convert()). */
export const argument = {
  /** The number of the VM's context. */
  context: "c",
  null: "-",
  /** Our end of passt's socket. */
  passt: "p",
  /** The guest's own root, with its agent. */
  agentRoot: "r",
  /** In a list only: the variable with the address of the guest's card, when it has one. */
  card: "k",
  number: (value: number | bigint | boolean) => `n${Number(value)}`,
  text: (value: string) => `s${value}`,
  mac: (value: string) => `m${value}`,
  /** A path of the container, by descriptor. */
  file: (path: string) => `f${joinPath("/", path)}`,
  /** One that is not there yet, by the descriptor of its folder. */
  newFile: (path: string) => `d${joinPath("/", path)}`,
  /** A name in the folder of the agent's socket. */
  inRunFolder: (name: string) => `a/${name}`,
  /** Strings, as an array that ends in NULL. */
  list: (...items: readonly string[]) => ["[", ...items, "]"],
} as const;

/** A call with the context in front; `wantedBy` is the place in config.json that it is for. */
export function call(name: string, wantedBy: string, ...args: readonly string[]): Op {
  const from = wantedBy ? { from: wantedBy } : {};
  return { op: "krunCall", function: name, args: [argument.context, ...args], wantedBy, ...from };
}
