/** Hooks at the spec's moments, in the spec's namespaces (runtime spec, "Lifecycle", "POSIX-platform Hooks"). Needs root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { isThere } from "../../runtime/common/files.ts";
import { Kago } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

/** A hook that appends its words and the state's status to a file of the host. */
function logging(log: string, words: string): JsonObject {
  const script =
    `state=$(cat); status=\${state#*\\"status\\":\\"}; echo "${words} \${status%%\\"*} $1" >> ${log}`;
  return { path: "/bin/sh", args: ["sh", "-c", script, "sh", words], env: ["PATH=/usr/bin:/bin"] };
}

async function withLog(use: (log: string, read: () => string[]) => Promise<void>): Promise<void> {
  const log = await Deno.makeTempFile();
  try {
    await use(log, () => Deno.readTextFileSync(log).split("\n").filter(Boolean));
  } finally {
    await Deno.remove(log);
  }
}

Deno.test("hooks run in the order of the lifecycle, with the state on stdin", async () => {
  await withLog(async (log, read) => {
    const moments = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    const hooks = Object.fromEntries(
      moments.map((moment) => [moment, [logging(log, moment), logging(log, `${moment}-2`)]]),
    );
    await Kago.with({ args: ["sleep", "1000"], config: { hooks } }, async (kago) => {
      const created = await kago.create();
      assertEquals(created.code, 0, created.stdout);
      const creating = ["prestart", "createRuntime", "createContainer"]
        .flatMap((moment) => [`${moment} creating ${moment}`, `${moment}-2 creating ${moment}-2`]);
      assertEquals(read(), creating);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      const started = ["poststart running poststart", "poststart-2 running poststart-2"];
      assertEquals(read(), [...creating, ...started]);
      assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
      const stopped = ["poststop stopped poststop", "poststop-2 stopped poststop-2"];
      assertEquals(read(), [...creating, ...started, ...stopped]);
    });
  });
});

Deno.test("the runtime's hooks run in the host's namespaces, the container's in its own", async () => {
  await withLog(async (log, read) => {
    const script = `echo "$(readlink /proc/self/ns/net)" >> ${log}`;
    const hook = { path: "/bin/sh", args: ["sh", "-c", script] };
    const startHook = {
      path: "/bin/sh",
      args: ["sh", "-c", "cat > /tmp/state; readlink /proc/self/ns/net > /tmp/start"],
    };
    const hooks = { createRuntime: [hook], createContainer: [hook], startContainer: [startHook] };
    const args = ["sh", "-c", "readlink /proc/self/ns/net; cat /tmp/start; cat /tmp/state"];
    await Kago.with({ args, config: { hooks } }, async (kago) => {
      const { stdout, stderr, code } = await kago.foreground();
      assertEquals(code, 0, stderr);
      const [own, start, state] = stdout.split("\n");
      assertEquals(read(), [Deno.readLinkSync("/proc/self/ns/net"), own]);
      assertEquals(start, own);
      assertEquals(JSON.parse(state!).status, "created");
      assertEquals(JSON.parse(state!).id, kago.id);
    });
  });
});

Deno.test("a hook that fails or takes too long ends create, and poststop hooks still run", async () => {
  const failing: [JsonObject, string][] = [
    [{ path: "/bin/sh", args: ["sh", "-c", "exit 3"] }, '/bin/sh\\": exit status 3'],
    [{ path: "/bin/sh", args: ["sh", "-c", "kill -9 $$"] }, '/bin/sh\\": signal 9'],
    [{ path: "/no/such/hook" }, "no such file or directory"],
    [
      { path: "/bin/sleep", args: ["sleep", "30"], timeout: 1 },
      '/bin/sleep\\": killed because it ran longer than its timeout',
    ],
  ];
  for (const moment of ["createRuntime", "createContainer", "startContainer"]) {
    for (const [hook, says] of failing) {
      await withLog(async (log, read) => {
        const hooks = { [moment]: [hook], poststop: [logging(log, "poststop")] };
        await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
          const { code, stderr } = await kago.foreground();
          assertEquals(code, 1);
          assertStringIncludes(stderr, `hooks.${moment}[0]: `);
          assertStringIncludes(stderr, says);
          assertEquals([...Deno.readDirSync(kago.root)], []);
          assertEquals(kago.cgroups(), []);
          assertEquals(read(), ["poststop stopped poststop"]);
        });
      });
    }
  }
});

Deno.test("a failing poststop hook is a warning, and the others run", async () => {
  await withLog(async (log, read) => {
    const hooks = { poststop: [{ path: "/bin/false" }, logging(log, "poststop")] };
    await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      assertEquals(read(), ["poststop stopped poststop"]);
      assertStringIncludes(stderr, "level=warning");
      assertStringIncludes(stderr, '/bin/false\\": exit status 1');
    });
  });
});

Deno.test("a failing poststart hook destroys the container, and poststop hooks run", async () => {
  await withLog(async (log, read) => {
    const hooks = {
      poststart: [{ path: "/bin/false" }, logging(log, "poststart")],
      poststop: [logging(log, "poststop")],
    };
    await Kago.with({ args: ["sleep", "1000"], config: { hooks } }, async (kago) => {
      const ran = await kago.foreground();
      assertEquals(ran.code, 1);
      assertStringIncludes(ran.stderr, "hooks.poststart[0]: ");
      assertEquals([...Deno.readDirSync(kago.root)], []);
      assertEquals(read(), ["poststop stopped poststop"]);
      assertEquals((await kago.create()).code, 0);
      const started = await kago.run("start", kago.id);
      assertEquals(started.code, 1);
      assertStringIncludes(started.stderr, "hooks.poststart[0]: ");
      assertEquals([...Deno.readDirSync(kago.root)], []);
      assertEquals(kago.cgroups(), []);
      assertEquals(read(), ["poststop stopped poststop", "poststop stopped poststop"]);
    });
  });
});

Deno.test("a hook without env inherits the caller's, without what is Deno's", async () => {
  await withLog(async (log, read) => {
    const hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `env >> ${log}`] }] };
    await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
      const env = { FROM_THE_CALLER: "yes" };
      const { code } = await kago.runWith({ env }, "run", "-b", kago.bundle.path, kago.id);
      assertEquals(code, 0);
      assertEquals(read().filter((line) => line.startsWith("FROM_THE_CALLER=")), [
        "FROM_THE_CALLER=yes",
      ]);
      const ofDeno = Object.entries(Deno.env.toObject()).map(([name, value]) => `${name}=${value}`)
        .filter((line) => line.startsWith("DENO_"));
      assertEquals(read().filter((line) => line.startsWith("DENO_")).sort(), ofDeno.sort());
    });
  });
});

Deno.test("a startContainer hook without variables of its own has the process's, and the HOME that is found", async () => {
  const hook = { path: "/bin/sh", args: ["sh", "-c", 'echo "$ONE ${HOME-none}" > /told'] };
  const told = async (own: JsonObject, env: string[]) => {
    let text = "";
    const hooks = { startContainer: [{ ...hook, ...own }] };
    await Kago.with({ args: ["true"], env, config: { hooks } }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      text = await Deno.readTextFile(`${kago.bundle.rootfs}/told`);
    });
    return text;
  };
  assertEquals(await told({}, ["ONE=two"]), "two /root\n");
  assertEquals(await told({}, ["ONE=two", "HOME=/given"]), "two /given\n");
  assertEquals(await told({ env: ["ONE=own"] }, ["ONE=two"]), "own none\n");
});

/** A hook that writes to both streams and ends with the exit code. */
function printing(code: number): JsonObject {
  return { path: "/bin/sh", args: ["sh", "-c", `echo said; echo told >&2; exit ${code}`] };
}

const MOMENTS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"];

Deno.test("what hooks write is not the container's output, nor kago's", async () => {
  const hooks = Object.fromEntries(
    [...MOMENTS, "poststop"].map((moment) => [moment, [printing(0)]]),
  );
  await Kago.with({ args: ["echo", "own"], config: { hooks } }, async (kago) => {
    assertEquals(await kago.foreground(), { code: 0, stdout: "own\n", stderr: "" });
    assertEquals((await kago.create()).code, 0);
    const started = await kago.run("start", kago.id);
    assertEquals([started.stdout, started.stderr], ["", ""]);
    await kago.until("stopped");
    assertEquals(kago.output(), "own\n");
    const deleted = await kago.run("delete", kago.id);
    assertEquals([deleted.stdout, deleted.stderr], ["", ""]);
  });
});

Deno.test("the error of a hook that fails has its exit status and what it wrote, on one line", async () => {
  const said = '\\"/bin/sh\\": exit status 3, stdout: said, stderr: told';
  for (const moment of MOMENTS) {
    const config = { hooks: { [moment]: [printing(3)] } };
    await Kago.with({ args: ["sleep", "100"], config }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1);
      assertStringIncludes(stderr, `hooks.${moment}[0]: ${said}`);
      assertEquals(stderr.trim().split("\n").length, 1);
    });
  }
  const hooks = { startContainer: [printing(0), printing(3)] };
  const config = { hooks, process: { terminal: false } };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    const { code, stderr } = await kago.run("start", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      `cannot start container ${kago.id}: hooks.startContainer[1]: ${said}`,
    );
    assertEquals(kago.output(), "");
  });
});

Deno.test("what a failing startContainer hook writes is told where the container has a terminal, too", async () => {
  const config = { process: { terminal: true }, hooks: { startContainer: [printing(3)] } };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    const socket = `${kago.bundle.path}/console.sock`;
    using listener = Deno.listen({ transport: "unix", path: socket });
    assertEquals((await kago.create("--console-socket", socket)).code, 0);
    using _terminal = await listener.accept();
    const { stderr } = await kago.run("start", kago.id);
    assertStringIncludes(stderr, "exit status 3, stdout: said, stderr: told");
  });
});

Deno.test("a failing hook whose path and output are long is told as any other", async () => {
  const folder = `/${"x".repeat(200)}`.repeat(6);
  const hooks = { startContainer: [{ path: `${folder}/hook` }] };
  await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
    const inside = `${kago.bundle.rootfs}${folder}`;
    await Deno.mkdir(inside, { recursive: true });
    const script = "#!/bin/sh\nhead -c 4000 /dev/zero | tee /dev/stderr\nexit 3\n";
    await Deno.writeTextFile(`${inside}/hook`, script, { mode: 0o755 });
    assertEquals((await kago.create()).code, 0);
    const { code, stderr } = await kago.run("start", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "hooks.startContainer[0]: ");
    assertStringIncludes(stderr, "exit status 3");
  });
});

Deno.test("poststop hooks run when the bundle is gone, where the caller is", async () => {
  await withLog(async (log, read) => {
    const script = `pwd >> ${log}`;
    const hooks = { poststop: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
    await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
      assertEquals((await kago.create()).code, 0);
      await Deno.rename(kago.bundle.path, `${kago.bundle.path}-gone`);
      const { code, stderr } = await kago.runWith({ cwd: "/usr" }, "delete", "--force", kago.id);
      await Deno.rename(`${kago.bundle.path}-gone`, kago.bundle.path);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(read(), ["/usr"]);
    });
  });
});

Deno.test("hooks of all moments get a state with megabytes of annotations", async () => {
  const long = "x".repeat(4 << 20);
  const path = await Deno.makeTempFile();
  const script = `wc -c >> ${path}`;
  const own = { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] };
  const inside = { path: "/bin/sh", args: ["sh", "-c", "wc -c > /told"], env: ["PATH=/bin"] };
  const hooks = { createRuntime: [own], createContainer: [own], startContainer: [inside] };
  try {
    await Kago.with({ args: ["true"], annotations: { long }, config: { hooks } }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals([code, stderr], [0, ""]);
      const inner = await Deno.readTextFile(`${kago.bundle.rootfs}/told`);
      const sizes = [...(await Deno.readTextFile(path)).trim().split("\n"), inner].map(Number);
      assertEquals(sizes.length, 3);
      for (const size of sizes) assert(size > long.length && size < long.length + 1000, `${size}`);
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("where cleaning up fails too, create says what was wrong, and cleans up the rest", async () => {
  const hook = (script: string) => (
    { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] }
  );
  // Hooks run in the bundle's folder.
  const hooks = { createRuntime: [hook(". ./hook")], poststop: [hook("touch undone")] };
  await Kago.with({ config: { hooks } }, async (kago) => {
    const { bundle, id, root } = kago;
    const busy = `${root}/${id}/busy`;
    const script = `mkdir ${busy}; mount -t tmpfs busy ${busy}; exit 3`;
    await Deno.writeTextFile(`${bundle.path}/hook`, script);
    try {
      const { code, stderr } = await kago.run("--debug", "create", "-b", bundle.path, id);
      assertEquals(code, 1);
      assertMatch(stderr, /level=error msg="hooks\.createRuntime\[0\][^\n]*exit status 3/);
      assertMatch(stderr, /level=debug msg="caused by [^\n]*busy \(EBUSY\)/);
      assert(isThere(`${bundle.path}/undone`), "poststop hooks run");
      assertEquals(kago.cgroups(), []);
    } finally {
      await runOk("umount", [busy]);
    }
    assertEquals((await kago.run("delete", "--force", id)).code, 0);
  });
});
