/** The way out of the process. */
import { exitNow } from "./shim.ts";

/** Ends the process with `code`, without V8's farewell. */
export function leave(code: number): never {
  exitNow(code);
}
