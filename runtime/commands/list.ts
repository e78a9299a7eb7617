/** `kago list`: all containers below the state root, as a table, as JSON, or their ids alone. */
import type { Invocation } from "../cli/command_table.ts";
import { NotFoundError } from "../errors.ts";
import { DamagedStateError, type StateRow, stateRow } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { ownerName } from "../state/owner.ts";
import { listIds, loadState } from "../state/store.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, options }: Invocation<"list">): number {
  const root = stateRoot(global);
  const ids = listIds(root);
  const text = options.quiet
    ? ids.map((id) => `${id}\n`).join("")
    : format(ids.flatMap((id) => readRow(root, id)), options.format);
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  return 0;
}

function readRow(root: string, id: string): StateRow[] {
  try {
    const state = loadState(root, id);
    const status = liveStatus(state, () => isUnlocked(root, id));
    return [stateRow(state, status, ownerName(state.owner))];
  } catch (error) {
    // Deleted while we looked.
    if (error instanceof NotFoundError) return [];
    if (error instanceof DamagedStateError) return [damagedRow(id)];
    throw error;
  }
}

/** It exists, and `delete --force` removes it. */
function damagedRow(id: string): StateRow {
  return {
    ociVersion: "",
    id,
    pid: 0,
    status: "damaged",
    bundle: "",
    rootfs: "",
    created: "",
    owner: "",
  };
}

function format(rows: readonly StateRow[], form: "table" | "json"): string {
  if (form === "json") return `${JSON.stringify(rows)}\n`;
  const cells = [
    ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
    ...rows.map((row) => [row.id, `${row.pid}`, row.status, row.bundle, row.created, row.owner]),
  ];
  const widths = cells[0]!.map((_, column) =>
    Math.max(...cells.map((line) => line[column]!.length))
  );
  return cells.map((line) =>
    line.map((cell, i) => cell.padEnd(widths[i]!)).join("   ").trimEnd() + "\n"
  )
    .join("");
}
