/** The default state root, used without --root, and the check of ids. */
import { variable } from "../../ffi/environment.ts";
import { HostError, UsageError } from "../common/errors.ts";
import { inUserNamespace } from "../rootless.ts";
import { DEFAULT_ROOT, ID_MAX, isValidId } from "./names.ts";

/**
 * `/run/kago` for root, `$XDG_RUNTIME_DIR/kago` for all other users, including a user who is root only in a user namespace
 * (as rootless podman runs its runtime).
 * @throws {HostError} when a user without root has no XDG_RUNTIME_DIR.
 */
export function defaultStateRoot(): string {
  const runtimeDir = variable("XDG_RUNTIME_DIR");
  if (Deno.uid() === 0 && !(runtimeDir && isRootlessNamespace())) return DEFAULT_ROOT;
  if (runtimeDir) return `${runtimeDir}/kago`;
  throw new HostError(
    "there is no directory for the state of containers: XDG_RUNTIME_DIR is not set",
    "set it to a directory that only you can write to, or use --root",
  );
}

/** root in a user namespace keeps USER=root when it is the root of a whole nested host, as in a container. */
function isRootlessNamespace(): boolean {
  if (variable("USER") === "root") return false;
  return inUserNamespace();
}

/** @throws {UsageError} */
export function validateId(id: string): void {
  if (isValidId(id)) return;
  throw new UsageError(
    `invalid container id ${
      JSON.stringify(id)
    }: use letters, digits, "_", "+", "-" and ".", at most ${ID_MAX}, ` +
      `and not "." or ".."`,
  );
}
