/** `kago list`: all containers below the state root, as a table, as JSON, or only their ids. */
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { NotFoundError } from "../common/errors.ts";
import { DamagedStateError, type StateRow, stateRow } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { ownerName } from "../state/owner.ts";
import { listIds, loadState } from "../state/store.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, options }: Invocation<"list">): number {
  const root = stateRoot(global);
  const ids = listIds(root, global.root !== undefined);
  const text = options.quiet
    ? ids.map((id) => `${id}\n`).join("")
    : format(ids.flatMap((id) => readRow(root, id)), options.format);
  print(text);
  return 0;
}

function readRow(root: string, id: string): StateRow[] {
  const isCreatorGone = () => isUnlocked(root, id);
  try {
    const state = loadState(root, id);
    return [stateRow(state, liveStatus(state, isCreatorGone), ownerName(state.owner))];
  } catch (error) {
    // Deleted since it was listed.
    if (error instanceof NotFoundError) return [];
    if (error instanceof DamagedStateError) return brokenRow(id, isCreatorGone);
    throw error;
  }
}

/** The creator is about to save the first state; or the state is unreadable, and `delete --force` removes it. */
function brokenRow(id: string, isCreatorGone: () => boolean): StateRow[] {
  try {
    const status = isCreatorGone() ? "damaged" : "creating";
    const nothing = { ociVersion: "", bundle: "", rootfs: "", created: "", owner: "" };
    return [{ ...nothing, id, pid: 0, status }];
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

function format(rows: readonly StateRow[], form: "table" | "json"): string {
  return form === "json" ? `${JSON.stringify(rows)}\n` : table([
    ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
    ...rows.map((row) => [row.id, `${row.pid}`, row.status, row.bundle, row.created, row.owner]),
  ]);
}

/** As runc's: columns at least 12 wide, with at least 3 spaces between, the last one without padding. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(12, ...lines.map((line) => line[column]!.length + 3))
  );
  widths[widths.length - 1] = 0;
  return lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("") + "\n").join(
    "",
  );
}
