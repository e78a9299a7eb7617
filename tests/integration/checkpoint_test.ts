/** What `checkpoint` and `restore` refuse, which takes no kernel that criu works on; tests/e2e/in_host has the rest. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isThere } from "../../runtime/common/files.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, type RunResult } from "../harness/run.ts";

const SLEEPER = { args: ["sleep", "1000"] };

/** A program that passes for criu in a folder that is removed afterwards, with a folder for images beside it. */
async function withProgram(
  script: string,
  use: (program: string, images: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "criu_" });
  const program = `${folder}/criu`;
  await Deno.writeTextFile(program, `#!/bin/sh\n${script}\n`);
  await Deno.chmod(program, 0o755);
  try {
    await use(program, `${folder}/images`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const VERSION = 'if [ "$1" = --version ]; then echo "Version: 3.17.1"; exit; fi';

/** One sentence as the only log entry, and exit code 1. */
function assertRefused({ code, stderr }: RunResult, ...words: string[]): void {
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  for (const word of words) assertStringIncludes(stderr, word);
  assertEquals(code, 1);
}

async function startDetached(kago: Kago): Promise<void> {
  const { code, stdout } = await kago.create();
  assertEquals(code, 0, stdout);
  assertEquals((await kago.run("start", kago.id)).code, 0);
}

Deno.test("checkpoint --help and restore --help end with 0, by which engines know that they are there", async () => {
  for (const command of ["checkpoint", "restore"]) {
    const { code, stdout } = await Kago.command(command, "--help");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "--image-path DIR");
  }
});

Deno.test("an option without its value is refused in the words that podman looks for", async () => {
  assertRefused(
    await Kago.command("restore", "--lsm-mount-context"),
    "flag needs an argument: --lsm-mount-context",
  );
});

Deno.test("checkpoint refuses a container that is created only, or stopped", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await kago.create();
    const states = "not running or paused";
    assertRefused(await kago.run("checkpoint", kago.id), "it is created", states);
    await kago.run("kill", kago.id, "KILL");
    await kago.until("stopped");
    assertRefused(await kago.run("checkpoint", kago.id), "it is stopped", states);
  });
});

Deno.test("checkpoint of no container says that there is none", async () => {
  await Kago.with({}, async (kago) => {
    assertRefused(await kago.run("checkpoint", kago.id), `container ${kago.id} does not exist`);
  });
});

Deno.test("checkpoint needs a criu, and one that is recent enough", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    const checkpoint = (criu: string) => kago.run("--criu", criu, "checkpoint", kago.id);
    assertRefused(await checkpoint("/nowhere/criu"), "/nowhere/criu cannot be executed");
    assertRefused(
      await checkpoint("no-such-criu"),
      "no-such-criu, which checkpoints and restores containers, is not on this host",
    );
    await withProgram('echo "Version: 3.14"', async (program) => {
      assertRefused(await checkpoint(program), "is criu 3.14, and", "needs at least 3.15");
    });
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("a dump that fails leaves the container running, and says where the log is", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    const log = "echo '(00.1) Error (criu/x.c:7): x: it went wrong' > \"$LOG\"; exit 1";
    await withProgram(`${VERSION}\n${log}`, async (program, images) => {
      const options = ["--criu", program, "checkpoint", "--image-path", images];
      const env = { LOG: `${images}/dump.log` };
      assertRefused(
        await kago.runWith({ env }, ...options, kago.id),
        `criu cannot dump container ${kago.id}: Error (criu/x.c:7): x: it went wrong; `,
        `its log is ${images}/dump.log`,
      );
      assertEquals(Deno.statSync(images).mode! & 0o7777, 0o700);
    });
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("a criu that ends without a word is told of too", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    await withProgram(VERSION, async (program, images) => {
      assertRefused(
        await kago.run("--criu", program, "checkpoint", "--image-path", images, kago.id),
        "it ended without an answer; it wrote no log",
      );
    });
  });
});

Deno.test("checkpoint asks criu for what an option needs of the kernel, before anything is done", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    const script = `${VERSION}\necho "Warn  (criu/cr-check.c:824): $3 is off." >&2; exit 1`;
    await withProgram(script, async (program, images) => {
      const options = ["--criu", program, "checkpoint", "--image-path", images];
      assertRefused(
        await kago.run(...options, "--pre-dump", kago.id),
        "--pre-dump needs mem_dirty_track, which criu does not find here: Warn",
        "mem_dirty_track is off; leave",
      );
      assertRefused(await kago.run(...options, "--lazy-pages", kago.id), "needs uffd-noncoop");
      assert(!isThere(images));
    });
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("checkpoint and restore are for root of the host, not for root of a user namespace", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    const asNamespaceRoot = (...args: string[]) =>
      run("unshare", ["--user", "--map-root-user", KAGO, "--root", kago.root, ...args, kago.id]);
    for (const command of ["checkpoint", "restore"]) {
      assertRefused(
        await asNamespaceRoot(command),
        `only the host's root can ${command} a container; `,
      );
    }
  });
});

Deno.test("checkpoint refuses a parent that is absolute or not there", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    await withProgram(VERSION, async (program, images) => {
      const checkpoint = (parent: string) =>
        kago.run(
          ...["--criu", program, "checkpoint", "--image-path", images],
          ...["--parent-path", parent, kago.id],
        );
      assertRefused(await checkpoint("/before"), "--parent-path /before must be relative");
      assertRefused(
        await checkpoint("../before"),
        "--parent-path ../before: there is no directory",
      );
      assert(!isThere(images));
    });
  });
});

Deno.test("checkpoint refuses values that its options do not take", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    const checkpoint = (...options: string[]) => kago.run("checkpoint", ...options, kago.id);
    assertRefused(await checkpoint("--page-server", "host"), "--page-server host is not ADDRESS");
    assertRefused(await checkpoint("--manage-cgroups-mode", "hard"), "--manage-cgroups-mode");
  });
});

Deno.test("a microVM cannot be checkpointed, nor restored", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    // No microVM runs on every host; what counts is what its state says.
    const file = `${kago.root}/${kago.id}/state.json`;
    const state = JSON.parse(Deno.readTextFileSync(file));
    Deno.writeTextFileSync(file, JSON.stringify({ ...state, handler: "krun" }));
    assertRefused(
      await kago.run("checkpoint", kago.id),
      `container ${kago.id} runs as a microVM, which cannot be checkpointed`,
    );
    Deno.writeTextFileSync(file, JSON.stringify(state));
  });
});

/** `restore` of the bundle from the folder. */
function restore(kago: Kago, images: string, ...options: string[]): Promise<RunResult> {
  const bundle = ["--bundle", kago.bundle.path, "--image-path", images];
  return kago.run(...options, "restore", "--detach", ...bundle, kago.id);
}

Deno.test("restore refuses what is no folder of a checkpoint", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    assertRefused(
      await restore(kago, "/nowhere"),
      "there is no directory /nowhere to restore from",
    );
    assertRefused(
      await restore(kago, kago.bundle.path),
      `${kago.bundle.path} is not a checkpoint: it has no inventory.img`,
    );
  });
});

/** A folder that looks like a checkpoint from outside. */
async function withCheckpoint(
  script: string,
  use: (program: string, images: string) => Promise<void>,
): Promise<void> {
  await withProgram(script, async (program, images) => {
    Deno.mkdirSync(images);
    Deno.writeTextFileSync(`${images}/inventory.img`, "");
    Deno.writeTextFileSync(`${images}/descriptors.json`, '["/dev/null","/dev/null","/dev/null"]');
    await use(program, images);
  });
}

Deno.test("a restore that fails leaves neither state nor cgroup, and makes mount points in private", async () => {
  const mounts = [{ destination: "/made/here", type: "tmpfs", source: "tmpfs" }];
  await Kago.with({ ...SLEEPER, mounts }, async (kago) => {
    const script = `${VERSION}\ncat /proc/self/mountinfo > "$0.mounts"; exit 1`;
    await withCheckpoint(script, async (program, images) => {
      assertRefused(
        await restore(kago, images, "--criu", program),
        `criu cannot restore container ${kago.id}: it ended without an answer`,
      );
      const seen = Deno.readTextFileSync(`${program}.mounts`);
      assertStringIncludes(seen, ` ${kago.root}/${kago.id}/criu-root `);
      assert(!seen.includes(` ${kago.bundle.rootfs}/made/here `), seen);
      assert(isThere(`${kago.bundle.rootfs}/made/here`));
    });
    assertEquals(kago.cgroups(), []);
    assertEquals([...Deno.readDirSync(kago.root)].map(({ name }) => name), []);
    const { code, stderr } = await kago.run("state", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "does not exist");
  });
});

Deno.test("restore refuses an id in use, which stays as it is", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await startDetached(kago);
    await withCheckpoint(VERSION, async (program, images) => {
      assertRefused(
        // Its cgroup is in use as well, but the id is what the caller chose.
        await restore(kago, images, "--criu", program),
        `container with id exists: ${kago.id}`,
      );
    });
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("restore refuses a container that would be a microVM", async () => {
  await Kago.with(SLEEPER, async (kago) => {
    await withCheckpoint(VERSION, async (program, images) => {
      const { code, stderr } = await restore(kago, images, "--criu", program, "--handler", "krun");
      assertEquals(code, 1);
      assertStringIncludes(stderr, "microVM");
    });
  });
});

Deno.test("restore refuses a terminal that nobody would get", async () => {
  await Kago.with({ ...SLEEPER, config: { process: { terminal: true } } }, async (kago) => {
    await withCheckpoint(VERSION, async (program, images) => {
      assertRefused(await restore(kago, images, "--criu", program), "process.terminal");
    });
  });
});
