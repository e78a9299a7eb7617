/** Bundles of the systemd host's ordinary user. */
import { assertEquals } from "@std/assert";
import { type JsonObject, mergeJson } from "../../../scripts/sample/bundle.ts";
import {
  besideUserSession,
  installForUser,
  USER,
  USER_KAGO as KAGO,
} from "../../harness/ordinary_user.ts";
import { makeRootfs } from "../../../scripts/sample/rootfs.ts";
import { runOk, type RunResult } from "../../harness/run.ts";

export { KAGO };
await installForUser();

const SLEEP = ["sleep", "1000"];
let serial = 0;

export interface UserBundle {
  readonly id: string;
  readonly path: string;
}

/** The user's own bundle from `kago spec --rootless`, with changes. */
export async function withBundle(
  { args = SLEEP, config = {} }: {
    readonly args?: readonly string[];
    readonly config?: JsonObject;
  },
  use: (bundle: UserBundle) => Promise<void>,
): Promise<void> {
  const id = `user-test-${serial++}`;
  const path = `${USER.home}/${id}`;
  await makeRootfs(`${path}/rootfs`);
  await runOk(KAGO, ["spec", "--rootless", "--bundle", path]);
  const file = `${path}/config.json`;
  const spec = JSON.parse(await Deno.readTextFile(file));
  for (const map of ["uidMappings", "gidMappings"]) spec.linux[map][0].hostID = USER.uid;
  const process = { process: { terminal: false, args: [...args] } };
  await Deno.writeTextFile(file, JSON.stringify(mergeJson(mergeJson(spec, process), config)));
  await runOk("chown", ["-R", `${USER.uid}:${USER.gid}`, path]);
  try {
    await use({ id, path });
  } finally {
    await besideUserSession([KAGO, "delete", "--force", id]);
    await Deno.remove(path, { recursive: true });
  }
}

/** A create whose container holds none of our pipes. */
export function quiet(words: readonly string[]): string[] {
  return [
    "sh",
    "-c",
    '"$@" >/tmp/rootless.out 2>&1 || { cat /tmp/rootless.out >&2; exit 1; }',
    "sh",
    ...words,
  ];
}

export async function ok(result: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  assertEquals(code, 0, stderr);
  return stdout;
}

/** The user is root, and the other ids are the user's subordinate ids. */
export const SUBORDINATE = [
  { containerID: 0, hostID: USER.uid, size: 1 },
  { containerID: 1, hostID: 100000, size: 65536 },
];
