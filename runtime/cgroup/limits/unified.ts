/** `linux.resources.unified`: files of v2 by name, written as they are, after all else so that they win. Pure. */
import { formatPath } from "../../spec/json_path.ts";
import { RESOURCES_PATH, type ResourceWrite } from "../resource_write.ts";

/**
 * A line is a write: the kernel's keyed files take one key at a time. Nothing is written for an empty text, as runc and
 * crun do. That a name leads nowhere else is checked when config.json is read.
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
