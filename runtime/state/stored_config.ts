/**
 * The container's config.json as `create` read it, stored for `exec`: the bundle's may have changed, or be gone. It is
 * stored as text, which costs `create` one write; runtime/spec parses it.
 */
import { HostError, withReason } from "../common/errors.ts";
import { CONFIG_FILE } from "./names.ts";

/** Readable only for the container's owner: it may contain secrets. */
export function saveConfig(stateFolder: string, text: string): void {
  Deno.writeTextFileSync(`${stateFolder}/${CONFIG_FILE}`, text, { mode: 0o600, createNew: true });
}

/** @throws {HostError} when there is none, as for a container of a kago version without `exec`. */
export function loadConfig(stateFolder: string): string {
  try {
    return Deno.readTextFileSync(`${stateFolder}/${CONFIG_FILE}`);
  } catch (cause) {
    throw new HostError(
      withReason(`cannot read ${stateFolder}/${CONFIG_FILE}`, cause),
      "create the container again with this version of kago",
      { cause },
    );
  }
}
