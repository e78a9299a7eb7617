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

/** As formatOp(), without environments and arguments, which drown a sentence and may hold secrets. */
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
 * One operation on a line: its name and those of its fields that do something, strings quoted only where they need it,
 * flags in words.
 */
export function formatOp(op: Op): string {
  if (op.op === "krunCall") {
    const condition = CONDITIONS[op.ifIsolated] ?? "";
    return `krunCall ${formatCall(op)}${condition}${kept(op)}`;
  }
  const fields = Object.entries(op).filter(([name]) => name !== "op" && name !== "from");
  return [op.op, ...fields.flatMap(([name, value]) => formatField(op.op, name, value))].join(" ");
}

/** Calls of libkrun 1.x that leave a result begin with its context; libkrun 2's make an object. */
function kept({ keepResult, kinds }: Op & { op: "krunCall" }): string {
  if (!keepResult) return "";
  const isNumber = KRUN_ARGUMENTS[kinds[0] ?? -1] === "context";
  return isNumber ? " keepResult" : ` keepResult=${KRUN_OBJECTS[keepResult]}`;
}

/**
 * A call of libkrun as one would write it in C, but that what is known at run time only has a name.
 * @param listed how a list is written.
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

/** Stage by stage, numbered from 1, with the place in config.json that each operation comes from. */
export function formatPlan(plan: Plan): string {
  const lines = stagesOf(plan).flatMap(([stage, ops]) => [
    `${stage}:`,
    ...ops.map((op, index) => `${`${index + 1}`.padStart(4)}  ${formatWithOrigin(op)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

/**
 * What is in one plan and not in the other, `-` and `+`, below the stages in which there is a difference, with the two
 * operations around it that are in both. Empty when the plans are the same.
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

/** A setting that an executor has chosen, in words. */
export interface SettingWords {
  readonly name: string;
  readonly value: string;
  /** Who has said so: an annotation, a file and its key, or `default`. */
  readonly from: string;
}

/** The section below a plan; empty for an executor that has nothing to choose. */
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
 * @param settings what an executor has chosen; under a key of their own, which a plain container's plan does not have.
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

/** `name=value`, a switch by its name alone, or nothing. */
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
