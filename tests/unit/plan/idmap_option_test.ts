import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { parseIdmapOption } from "../../../runtime/plan/idmap_option.ts";
import { specWith } from "./input.ts";

Deno.test("parseIdmapOption() reads ranges of both kinds of ids, in any order", () => {
  assertEquals(parseIdmapOption("gids=0-3-10;uids=0-1-10#10-11-5", specWith([]), "mounts[0]"), {
    uids: [{ containerID: 0, hostID: 1, size: 10 }, { containerID: 10, hostID: 11, size: 5 }],
    gids: [{ containerID: 0, hostID: 3, size: 10 }],
  });
});

Deno.test("parseIdmapOption() says of a range that no user namespace holds what it is", () => {
  const error = assertThrows(
    () => parseIdmapOption("uids=@0-7-1;gids=0-0-1", specWith([]), "mounts[2]"),
    SpecError,
    "@0-7-1 is not in one range",
  );
  assertEquals(error.jsonPath, "mounts[2].options");
});
