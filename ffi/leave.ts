/** Exits the process. */
import { exitNow } from "./shim.ts";

/** Exits with `code`, without V8's shutdown. */
export function leave(code: number): never {
  exitNow(code);
}
