import { isMissing } from "../common/files.ts";
import type { Finding } from "./op_findings.ts";

/** The state of a path, as this process sees it; for messages only. */
export function whatIsAt(path: string): Finding {
  try {
    const found = Deno.statSync(path).isDirectory ? "folder" : "file";
    return { field: 0, found, text: path };
  } catch (error) {
    return { field: 0, found: isMissing(error) ? "missing" : "shut", text: path };
  }
}
