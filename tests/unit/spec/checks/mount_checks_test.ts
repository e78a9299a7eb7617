import { assertEquals } from "@std/assert";
import { namespaces } from "../config.ts";
import { check, type Refusal, testPasses, testRefusals } from "./refusals.ts";

const RANGE = [{ containerID: 0, hostID: 1000, size: 1 }];

/** The small config with one mount more, at index 1. */
function withMount(mount: Record<string, unknown>) {
  return ["mounts[1]", { destination: "/mnt", ...mount }] as const;
}

function refusal(mount: Record<string, unknown>, field: string, problem: string): Refusal {
  return { changes: [withMount(mount)], jsonPath: `mounts[1].${field}`, problem };
}

testRefusals({
  "an empty destination": refusal(
    { destination: "", type: "tmpfs" },
    "destination",
    "is empty, must be a path in the container",
  ),
  "a mount without a type": refusal(
    { source: "tmpfs", options: ["nosuid"] },
    "type",
    "is required: a filesystem type, unless options has bind, rbind or remount",
  ),
  "an option bind without a source": refusal(
    { options: ["rbind"] },
    "source",
    "is required for a bind mount: a path of the host",
  ),
  "a type bind without a source": refusal(
    { type: "bind", source: "" },
    "source",
    "is required for a bind mount: a path of the host",
  ),
  "uidMappings without gidMappings": refusal(
    { source: "/a", options: ["bind"], uidMappings: RANGE },
    "gidMappings",
    "is required: a mount maps both uids and gids",
  ),
  "gidMappings without uidMappings": refusal(
    { source: "/a", options: ["bind"], gidMappings: RANGE },
    "uidMappings",
    "is required: a mount maps both uids and gids",
  ),
  "an empty range of a mount's mapping": refusal(
    {
      source: "/a",
      options: ["bind"],
      uidMappings: RANGE,
      gidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
    },
    "gidMappings[0].size",
    "must be at least 1, got 0",
  ),
  "idmap without any mappings": refusal(
    { source: "/a", options: ["bind", "idmap"] },
    "options",
    "idmap needs uidMappings and gidMappings, or a user namespace",
  ),
});

testPasses({
  "a mount that only changes options": [withMount({ options: ["remount", "ro"] })],
  "a bind mount without a type": [withMount({ source: "/a", options: ["bind"] })],
  "an idmapped bind mount": [
    withMount({
      source: "/a",
      options: ["bind", "idmap"],
      uidMappings: RANGE,
      gidMappings: RANGE,
    }),
  ],
  "idmap by the container's user namespace": [
    namespaces("", { type: "user" }),
    ["linux.uidMappings", RANGE],
    ["linux.gidMappings", RANGE],
    withMount({ source: "/a", options: ["rbind", "ridmap"] }),
  ],
});

Deno.test("checkSpec() warns of a relative destination", async () => {
  assertEquals(await check(withMount({ destination: "mnt/a", type: "tmpfs" })), [
    'mounts[1].destination: "mnt/a" is relative and is taken as "/mnt/a"',
  ]);
});

Deno.test("checkSpec() warns once of each pair of options that contradict each other", async () => {
  const options = ["rw", "nosuid", "exec", "noexec", "ro"];
  assertEquals(await check(withMount({ type: "tmpfs", options })), [
    "mounts[1].options: noexec and exec contradict each other; noexec applies",
    "mounts[1].options: ro and rw contradict each other; ro applies",
  ]);
});
