/** Whose the standard streams are: a program that is not root opens /dev/stdout again, as web servers do for their logs. */
import { assertEquals } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

const USER = { uid: 1001, gid: 1002 };
const SCRIPT = "echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin";

/** Ids that are not the host's. */
const MAPPED = {
  namespaces: ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type })),
  uidMappings: [{ containerID: 0, hostID: 200000, size: 65536 }],
  gidMappings: [{ containerID: 0, hostID: 200000, size: 65536 }],
};

const KINDS = { "": {}, " of a user namespace": { linux: MAPPED } };

for (const [kind, rest] of Object.entries(KINDS)) {
  const config = { process: { user: USER }, ...rest };

  Deno.test(`an ordinary user${kind} opens its standard streams again when they are pipes`, async () => {
    await Kago.with({ args: ["sh", "-c", SCRIPT], config }, async (kago) => {
      const args = ["run", "--bundle", kago.bundle.path, kago.id];
      const result = await kago.runWith({ stdin: "in\n" }, ...args);
      assertEquals(result, { code: 0, stdout: "out\nin\n", stderr: "err\n" });
    });
  });

  Deno.test(`an ordinary user${kind} opens them again in exec, and after create and start`, async () => {
    const args = ["sh", "-c", "echo created > /dev/stdout; sleep 100"];
    await Kago.with({ args, config }, async (kago) => {
      await kago.create();
      assertEquals((await kago.run("start", kago.id)).code, 0);
      await kago.says("created");
      const result = await kago.runWith({ stdin: "in\n" }, "exec", kago.id, "sh", "-c", SCRIPT);
      assertEquals(result, { code: 0, stdout: "out\nin\n", stderr: "err\n" });
    });
  });

  Deno.test(`a file that an ordinary user${kind} writes to becomes its own, one that it reads does not`, async () => {
    await Kago.with(
      { args: ["sh", "-c", "cat; echo out >> /dev/stdout"], config },
      async (kago) => {
        const script = `umask 077; cd $1; echo in > in
        $0 --root $2 run --bundle $1 ${kago.id} < in > out; stat -c %u:%g in out`;
        const owners = await runOk("sh", ["-euc", script, KAGO, kago.bundle.path, kago.root]);
        assertEquals(owners, `0:0\n${kind ? 200000 + USER.uid : USER.uid}:0\n`);
        assertEquals(await Deno.readTextFile(`${kago.bundle.path}/out`), "in\nout\n");
      },
    );
  });
}

Deno.test("the host's devices keep their owner", async () => {
  const config = { process: { user: USER } };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    const owner = () => runOk("stat", ["-c", "%u:%g", "/dev/null", "/dev/zero"]);
    const before = await owner();
    const script = '"$@" < /dev/zero > /dev/null 2>&1';
    const words = [KAGO, "--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
    await runOk("sh", ["-c", script, "sh", ...words]);
    assertEquals(await owner(), before);
  });
});
