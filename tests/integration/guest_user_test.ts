/** An ordinary user's microVM over doubles: his commands reach the agent, whoever his VMM is. Needs root, to become one. */
import { assertEquals } from "@std/assert";
import { buildLibkrunDouble } from "../doubles/libkrun/build.ts";
import {
  AgentDouble,
  concat,
  END,
  EXEC,
  EXIT,
  frame,
  reply,
  SIGNAL,
  STARTED,
  words,
} from "../harness/agent_double.ts";
import { makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";

const USER = 12345;
const LOGIN = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--", "env", "-i"];

const ENDS = concat(...[1, 2].map((stream) => frame(END, undefined, { stream })));

const map = [{ containerID: 0, hostID: USER, size: 1 }];
const CONFIG = {
  linux: {
    namespaces: ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type })),
    uidMappings: map,
    gidMappings: map,
  },
};

/** A folder of the user's with kago and a node of KVM's that is open to all, as to the members of its group. */
async function withUser(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "user_" });
  try {
    await Deno.copyFile(KAGO, `${folder}/kago`);
    await runOk("mknod", ["-m", "666", `${folder}/kvm`, "c", "10", "232"]);
    await runOk("chown", ["-R", `${USER}:${USER}`, folder]);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Mounts the node in a namespace of the command's own. */
const WITH_KVM = 'mount --bind "$0" /dev/kvm && exec setpriv "$@"';

Deno.test("an ordinary user's exec and kill reach the agent of his microVM", async () => {
  await withUser(async (folder) => {
    using double = await buildLibkrunDouble();
    const annotations = { "run.oci.handler": "krun" };
    const bundle = await makeBundle({ args: ["/bin/sleep", "1000"], annotations, config: CONFIG });
    await runOk("chown", ["-R", `${USER}:${USER}`, bundle.path]);
    const agent = new AgentDouble(double.dir);
    const kago = (...args: string[]) => {
      const env = [`LD_LIBRARY_PATH=${double.dir}`, "PATH=/usr/bin:/bin", `HOME=${folder}`];
      const command = [...LOGIN, ...env, `${folder}/kago`, "--root", `${folder}/state`, ...args];
      const words = ["-m", "sh", "-c", WITH_KVM, `${folder}/kvm`, ...command];
      return run("unshare", words, { output: `${bundle.path}/output` });
    };
    const says = () => Deno.readTextFileSync(`${bundle.path}/output`);
    try {
      const created = await kago("create", "--bundle", bundle.path, "box");
      assertEquals(created.code, 0, says());
      assertEquals((await kago("start", "box")).code, 0, says());
      agent.answers = () => concat(frame(STARTED), ENDS, frame(EXIT, words(41)));
      assertEquals((await kago("exec", "box", "x")).code, 41, says());
      agent.answers = () => reply(new Uint8Array());
      assertEquals((await kago("kill", "box", "USR1")).code, 0, says());
      assertEquals(agent.requests, [EXEC, SIGNAL]);
    } finally {
      const deleted = await kago("delete", "--force", "box");
      await agent.close();
      await removeBundle(bundle);
      assertEquals(deleted.code, 0);
      assertEquals(
        [...Deno.readDirSync(`${folder}/state`)].filter(({ name }) => name === "box"),
        [],
      );
    }
  });
});
