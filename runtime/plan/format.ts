/** A plan as text, for `kago plan` and for error messages. */
import { type Op, type Plan, STAGES } from "./op.ts";

/** As formatOp(), without environments and arguments, which drown a sentence and may hold secrets. */
export function nameOp(op: Op): string {
  const kept = Object.entries(op).filter(([name]) => name !== "env" && name !== "args");
  return formatOp(Object.fromEntries(kept) as Op);
}

/** One operation on a line: its name and its fields, strings quoted only where they need it. */
export function formatOp(op: Op): string {
  const fields = Object.entries(op).filter(([name]) => name !== "op" && name !== "from");
  return [op.op, ...fields.map(([name, value]) => `${name}=${formatValue(op.op, name, value)}`)]
    .join(" ");
}

/** Stage by stage, numbered from 1, with the place in config.json that each operation comes from. */
export function formatPlan(plan: Plan): string {
  const lines: string[] = [];
  for (const stage of [...STAGES, "guest"] as const) {
    const ops = plan[stage] ?? [];
    if (ops.length === 0) continue;
    lines.push(`${stage}:`);
    for (const [index, op] of ops.entries()) {
      const from = op.from ? `  # ${op.from}` : "";
      lines.push(`${`${index + 1}`.padStart(4)}  ${formatOp(op)}${from}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The plan as JSON; a 64-bit value that a number cannot hold is a decimal string. */
export function planToJson(plan: Plan): string {
  return JSON.stringify(
    plan,
    (_key, value) => typeof value === "bigint" ? jsonInteger(value) : value,
    2,
  );
}

function jsonInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`;
}

const HEXADECIMAL: ReadonlySet<string> = new Set([
  "flags",
  "nstype",
  "attrs",
  "attrsSet",
  "attrsClear",
  "recAttrsSet",
  "recAttrsClear",
  "propagation",
  "effective",
  "permitted",
  "inheritable",
]);
const OCTAL: ReadonlySet<string> = new Set(["mode"]);

function formatValue(op: string, name: string, value: unknown): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value === "string") {
    return /^[\w./:=,@%+-]+$/.test(value) ? value : JSON.stringify(value);
  }
  if (typeof value === "bigint" || (typeof value === "number" && HEXADECIMAL.has(name))) {
    return `0x${value.toString(16)}`;
  }
  if (typeof value === "number" && (OCTAL.has(name) || op === "umask")) {
    return `0${value.toString(8)}`;
  }
  return JSON.stringify(value);
}
