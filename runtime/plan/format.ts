/** A plan as text, for `kago plan` and for error messages. */
import { quoted } from "../common/quoted.ts";
import { diffLines } from "../common/diff_lines.ts";
import { fieldWords } from "./field_words.ts";
import {
  CALLED_IF,
  CONTAINER_STAGES,
  KRUN_ARGUMENTS,
  KRUN_OBJECTS,
  type Op,
  type Plan,
} from "./op.ts";

/** As formatOp(), without environments and arguments, which are long and may contain secrets. */
export function nameOp(op: Op): string {
  if (op.op === "krunCall") return `krunCall ${op.function}`;
  const kept = Object.entries(op).filter(([name]) => name !== "env" && name !== "args");
  return formatOp(Object.fromEntries(kept) as Op);
}

const CONDITIONS: Readonly<Record<number, string>> = {
  [CALLED_IF.isolated]: " ifIsolated",
  [CALLED_IF.connected]: " unlessIsolated",
};

/**
 * One operation on a line: its name and the fields that have an effect. Strings are quoted only if necessary, flags are
 * printed as words.
 */
export function formatOp(op: Op): string {
  if (op.op === "krunCall") {
    const condition = CONDITIONS[op.ifIsolated] ?? "";
    return `krunCall ${formatCall(op)}${condition}${kept(op)}`;
  }
  const fields = Object.entries(op).filter(([name]) => name !== "op" && name !== "from");
  return [op.op, ...fields.flatMap(([name, value]) => formatField(op.op, name, value))].join(" ");
}

/** Calls of libkrun 1.x that keep a result have its context as first argument; libkrun 2's return an object. */
function kept({ keepResult, kinds }: Op & { op: "krunCall" }): string {
  if (!keepResult) return "";
  const isNumber = KRUN_ARGUMENTS[kinds[0] ?? -1] === "context";
  return isNumber ? " keepResult" : ` keepResult=${KRUN_OBJECTS[keepResult]}`;
}

/**
 * A call of libkrun in C syntax; values that are only known at run time are printed as names.
 * @param listed formats a list.
 */
export function formatCall(
  call: Op & { op: "krunCall" },
  listed = (texts: readonly string[]) => JSON.stringify(texts),
): string {
  const numbers = call.numbers.values();
  const texts = call.texts.values();
  const number = () => numbers.next().value ?? 0n;
  const text = () => texts.next().value ?? "";
  const args = call.kinds.map((index) => {
    const kind = KRUN_ARGUMENTS[index];
    switch (kind) {
      case "number":
        return `${BigInt.asIntN(64, number())}`;
      case "mac":
        return number().toString(16).padStart(12, "0").match(/../g)!.join(":");
      case "list":
        return listed([...texts.take(Number(number()))]);
      case "text":
      case "file":
      case "outputFile":
      case "newFile":
      case "runFile":
        return quoted(text());
      case "object":
        return KRUN_OBJECTS[Number(number())] ?? "none";
      default:
        return kind === "null" ? "NULL" : `${kind}`;
    }
  });
  return `${call.function}(${args.join(", ")})`;
}

/** All stages, with operations numbered from 1, and the place in config.json that each comes from. */
export function formatPlan(plan: Plan): string {
  const lines = stagesOf(plan).flatMap(([stage, ops]) => [
    `${stage}:`,
    ...ops.map((op, index) => `${`${index + 1}`.padStart(4)}  ${formatWithOrigin(op)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

/**
 * The operations that are in one plan only, marked `-` and `+`, by stage, with two common operations of context. Empty when
 * the plans are equal.
 */
export function formatPlanDiff(before: Plan, after: Plan): string {
  const lines: string[] = [];
  for (const stage of CONTAINER_STAGES) {
    const changes = diffLines(
      (before[stage] ?? []).map(formatWithOrigin),
      (after[stage] ?? []).map(formatWithOrigin),
    );
    if (changes.length > 0) lines.push(`${stage}:`, ...changes);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function stagesOf(plan: Plan): (readonly [stage: string, ops: readonly Op[]])[] {
  return CONTAINER_STAGES.map((stage) => [stage, plan[stage] ?? []] as const)
    .filter(([, ops]) => ops.length > 0);
}

function formatWithOrigin(op: Op): string {
  return formatOp(op) + (op.from ? `  # ${op.from}` : "");
}

/** A setting of an executor, in words. */
export interface SettingWords {
  readonly name: string;
  readonly value: string;
  /** Its origin: an annotation, a file and its key, or `default`. */
  readonly from: string;
}

/** The section below a plan; empty for an executor without settings. */
export function formatSettings(settings: readonly SettingWords[] = []): string {
  if (settings.length === 0) return "";
  const width = Math.max(...settings.map(({ name }) => name.length));
  const lines = settings.map(({ name, value, from }) =>
    `      ${name.padEnd(width)}  ${value}  # ${from}\n`
  );
  return `settings:\n${lines.join("")}`;
}

/**
 * The plan as JSON; a 64-bit value that a number cannot hold is a decimal string.
 * @param settings of an executor; printed under their own key, which a plain container's plan does not have.
 */
export function planToJson(plan: Plan, settings?: readonly SettingWords[]): string {
  return JSON.stringify(
    settings ? { ...plan, settings } : plan,
    (_key, value) => typeof value === "bigint" ? jsonInteger(value) : value,
    2,
  );
}

function jsonInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`;
}

/** `name=value`; only the name for a switch; or nothing. */
function formatField(op: string, name: string, value: unknown): string[] {
  if (typeof value !== "number" && typeof value !== "bigint") {
    return [`${name}=${formatValue(value)}`];
  }
  const words = fieldWords(op, name, value);
  return words === undefined ? [] : [words === "" ? name : `${name}=${words}`];
}

function formatValue(value: unknown): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[\w./:=,@%+-]+$/.test(value) ? value : JSON.stringify(value);
}
