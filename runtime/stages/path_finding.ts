import { isMissing } from "../common/files.ts";
import type { Finding } from "./op_findings.ts";

/** What this process finds of a path, for a message alone. */
export function whatIsAt(path: string): Finding {
  try {
    const found = Deno.statSync(path).isDirectory ? "folder" : "file";
    return { field: 0, found, text: path };
  } catch (error) {
    return { field: 0, found: isMissing(error) ? "missing" : "shut", text: path };
  }
}
