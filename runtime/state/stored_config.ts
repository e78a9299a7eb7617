/**
 * The container's config.json as `create` read it, kept for `exec`: the bundle's may change, or be gone. It is kept as
 * text, which costs `create` one write; what it means is runtime/spec's.
 */
import { HostError, withReason } from "../common/errors.ts";
import { CONFIG_FILE } from "./names.ts";

/** Readable for the container's owner alone: it may hold secrets. */
export function saveConfig(stateFolder: string, text: string): void {
  Deno.writeTextFileSync(`${stateFolder}/${CONFIG_FILE}`, text, { mode: 0o600, createNew: true });
}

/** @throws {HostError} when there is none, as with a container of a kago that had no `exec`. */
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
