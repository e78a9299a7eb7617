/** `linux.resources.unified`: files of v2 by name, written unchanged, and last, so that they take precedence. Pure. */
import { formatPath } from "../../spec/json_path.ts";
import { RESOURCES_PATH, type ResourceWrite } from "../resource_write.ts";

/**
 * Each line is a write: the kernel's keyed files take one key at a time. An empty text writes nothing, as in runc and crun.
 * The names are validated when config.json is read.
 */
export function unifiedWrites(unified: Readonly<Record<string, string>>): ResourceWrite[] {
  return Object.entries(unified).flatMap(([file, text]) =>
    text.split("\n").filter((line) => line !== "").map((value) => ({
      controller: file.slice(0, file.indexOf(".")),
      file,
      value,
      from: `${RESOURCES_PATH}.${formatPath(["unified", file])}`,
    }))
  );
}
