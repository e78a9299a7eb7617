/** scripts/install.sh, into a folder that stands for the root of a machine. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../runtime/cli/command_table.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk, type RunResult } from "../harness/run.ts";

const SCRIPT = new URL("../../scripts/install.sh", import.meta.url).pathname;
const CONF = "etc/containers/containers.conf.d/50-kago.conf";

const COMPLETIONS = [
  "bash-completion/completions/kago",
  "fish/vendor_completions.d/kago.fish",
  "zsh/site-functions/_kago",
].map((path) => `usr/local/share/${path}`);

/** A stick with the script and kago, and a machine's root. */
async function withStick(
  use: (
    stick: { root: string; install: (...args: string[]) => Promise<RunResult> },
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "install_" });
  const root = `${folder}/root`;
  await Deno.mkdir(root);
  await Deno.mkdir(`${folder}/stick`);
  await Deno.copyFile(SCRIPT, `${folder}/stick/install.sh`);
  await Deno.symlink(KAGO, `${folder}/stick/kago`);
  // Without a network, as where a stick is needed.
  const install = (...args: string[]) =>
    run("unshare", ["--net", "sh", `${folder}/stick/install.sh`, "--root", root, ...args]);
  try {
    await use({ root, install });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

/** All files below the folder, sorted. */
async function files(folder: string): Promise<string[]> {
  const list = await runOk("find", [folder, "!", "-type", "d", "-printf", "%P\n"]);
  return list.split("\n").filter(Boolean).sort();
}

Deno.test("install.sh puts kago, krun, completions and podman's drop-in in place, and --uninstall removes them", async () => {
  await withStick(async ({ root, install }) => {
    const { code, stdout, stderr } = await install();
    assertEquals(code, 0, stdout + stderr);
    const programs = ["usr/local/bin/kago", "usr/local/bin/krun"];
    const [pages, others] = partition(await files(root), (file) => file.includes("/share/man/"));
    assertEquals(others, [CONF, ...programs, ...COMPLETIONS].sort());
    assertEquals(pages.length, Object.keys(COMMANDS).length + 2);
    assertEquals(await Deno.readLink(`${root}/usr/local/bin/krun`), "kago");
    assertStringIncludes(await runOk(`${root}/usr/local/bin/kago`, ["--version"]), "kago version");
    assertEquals((await install()).code, 0, "once more");
    assertEquals((await install("--uninstall")).code, 0);
    assertEquals(await files(root), []);
    assertEquals((await install("--uninstall")).code, 0, "once more");
  });
});

/** As the air-gapped bundle has them. */
async function putLibraries(root: string): Promise<void> {
  const folder = `${root}/../stick/lib/kago`;
  await Deno.mkdir(`${folder}/needed`, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${folder}/libkrun.so.1.2`, "krun", { mode: 0o700 });
  await Deno.symlink("libkrun.so.1.2", `${folder}/libkrun.so.1`);
  await Deno.writeTextFile(`${folder}/needed/01-libx.so.1`, "x", { mode: 0o777 });
}

Deno.test("install.sh puts what lies in lib/kago beside it where kago looks, for root alone to write, and removes it", async () => {
  await withStick(async ({ root, install }) => {
    await putLibraries(root);
    for (const [prefix, place] of [["/opt/kago", "usr/local"], ["/usr", "usr"]]) {
      const folder = `${root}/${place}/lib/kago`;
      for (const time of ["first", "once more"]) {
        const { code, stdout, stderr } = await install("--prefix", prefix!);
        assertEquals(code, 0, `${time}: ${stdout}${stderr}`);
        const names = ["installed-by", "libkrun.so.1", "libkrun.so.1.2", "needed/01-libx.so.1"];
        assertEquals(await files(folder), names, time);
      }
      assertEquals(await Deno.readLink(`${folder}/libkrun.so.1`), "libkrun.so.1.2");
      const modes = await runOk("find", [folder, "-not", "-type", "l", "-printf", "%m %P\n"]);
      assertEquals(modes.match(/^(?!755|644) .*$/gm), null, modes);
      assertEquals((await install("--prefix", prefix!, "--uninstall")).code, 0);
      assertEquals(await files(root), []);
    }
  });
});

Deno.test("install.sh leaves libraries alone that are not its own", async () => {
  await withStick(async ({ root, install }) => {
    await putLibraries(root);
    await Deno.mkdir(`${root}/usr/local/lib/kago`, { recursive: true });
    await Deno.writeTextFile(`${root}/usr/local/lib/kago/libkrun.so.1`, "mine");
    const { code, stderr } = await install();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "/usr/local/lib/kago is there and is not kago's; remove it first");
    assertEquals((await install("--uninstall")).code, 0);
    assertEquals(await files(root), ["usr/local/lib/kago/libkrun.so.1"]);
  });
});

Deno.test("install.sh keeps a completion that is not kago's", async () => {
  await withStick(async ({ root, install }) => {
    const file = `${root}/${COMPLETIONS[0]}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, "# mine\n");
    const { code, stdout } = await install();
    assertEquals(code, 0);
    assertStringIncludes(stdout, `keep /${COMPLETIONS[0]}, which is not kago's`);
    assertEquals((await install("--uninstall")).code, 0);
    assertEquals(await Deno.readTextFile(file), "# mine\n");
    assertEquals(await files(root), [COMPLETIONS[0]!]);
  });
});

Deno.test("install.sh --dry-run says what would be done and does nothing", async () => {
  await withStick(async ({ root, install }) => {
    const { code, stdout } = await install("--dry-run", "--prefix", "/opt/kago");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "to /opt/kago/bin/kago");
    assertStringIncludes(stdout, `write /${CONF}`);
    assertEquals(await files(root), []);
  });
});

Deno.test("install.sh takes the kago of the build when there is none beside it", async () => {
  const { code, stdout } = await run(SCRIPT, ["--dry-run", "--root", "/nonexistent"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "/dist/kago to /usr/local/bin/kago");
});

Deno.test("podman finds kago and krun by name with the drop-in", async () => {
  await withStick(async ({ root, install }) => {
    await install();
    const script = 'mount --bind "$0/usr/local" /usr/local; ' +
      'for name in kago krun; do podman --root "$0/store" --runroot "$0/run" --runtime $name info ' +
      "--format '{{.Host.OCIRuntime.Path}}'; done; umount -q \"$0/store/overlay\"";
    const { stdout, stderr } = await run("unshare", ["--mount", "sh", "-c", script, root], {
      env: { CONTAINERS_CONF: `${root}/${CONF}` },
    });
    assertEquals(stdout, "/usr/local/bin/kago\n/usr/local/bin/krun\n", stderr);
  });
});

Deno.test("install.sh writes Docker's daemon.json only where there is none", async () => {
  await withStick(async ({ root, install }) => {
    const file = `${root}/etc/docker/daemon.json`;
    await Deno.mkdir(`${root}/etc/docker`, { recursive: true });
    await install();
    const { runtimes } = JSON.parse(await Deno.readTextFile(file));
    assertEquals(runtimes.kago, { path: "/usr/local/bin/kago" });
    await install("--uninstall");
    assertEquals(await files(root), []);

    await Deno.writeTextFile(file, '{"debug":true}\n');
    const { stdout } = await install();
    assertStringIncludes(stdout, '"kago": { "path": "/usr/local/bin/kago" }');
    assertEquals(await Deno.readTextFile(file), '{"debug":true}\n');
    await install("--uninstall");
    assertEquals(await files(root), ["etc/docker/daemon.json"]);
  });
});

Deno.test("install.sh prints what containerd's config.toml needs, in the version that it has", async () => {
  await withStick(async ({ root, install }) => {
    await Deno.mkdir(`${root}/etc/containerd`, { recursive: true });
    const [first, second] = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"];
    const told = async () => {
      const { stdout } = await install();
      return [first, second].map((plugin) => stdout.includes(`[plugins."${plugin}"`));
    };
    assertEquals(await told(), [true, true]);
    await Deno.writeTextFile(`${root}/etc/containerd/config.toml`, "version = 2\n");
    assertEquals(await told(), [true, false]);
    await Deno.writeTextFile(`${root}/etc/containerd/config.toml`, "# mine\nversion = 3\n");
    assertEquals(await told(), [false, true]);
  });
});

Deno.test("install.sh --containerd-config prints the entries for that version, and does nothing", async () => {
  await withStick(async ({ root, install }) => {
    for (const version of ["2", "3"]) {
      const { stdout } = await install("--containerd-config", version);
      assertStringIncludes(
        stdout,
        'containerd.runtimes.kago.options]\n  BinaryName = "/usr/local/bin/kago"\n  SystemdCgroup = false',
      );
      assertEquals(/^version = 3$/m.test(stdout), version === "3");
    }
    assertEquals(await files(root), []);
    await Deno.mkdir(`${root}/run/systemd/system`, { recursive: true });
    const { stdout } = await install("--containerd-config", "3", "--prefix", "/opt/kago");
    assertStringIncludes(stdout, "SystemdCgroup = true");
    assertStringIncludes(stdout, '"/opt/kago/bin/krun"');
    const { code, stderr } = await install("--containerd-config=1");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "1 is no version of containerd's configuration");
  });
});

Deno.test("install.sh keeps runc where containerd's config.toml has no entry for it", async () => {
  await withStick(async ({ root, install }) => {
    const entry = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]';
    const { stdout } = await install("--containerd-config", "2");
    assertStringIncludes(stdout, entry);
    await Deno.mkdir(`${root}/etc/containerd`, { recursive: true });
    for (const own of [`  ${entry}`, entry.replaceAll('"', "'")]) {
      await Deno.writeTextFile(`${root}/etc/containerd/config.toml`, `${own}\n`);
      assert(!(await install("--containerd-config", "2")).stdout.includes("runtimes.runc"), own);
    }
  });
});

Deno.test("install.sh gives no pod a way out of the handler krun", async () => {
  await withStick(async ({ install }) => {
    const { stdout } = await install("--containerd-config", "3");
    const [, kago, krun] = stdout.split(/^\[.*runtimes\.\w+\]$/m);
    assertStringIncludes(kago!, '"run.oci.handler"');
    assertEquals(krun!.includes("run.oci.handler"), false);
    assertStringIncludes(krun!, '"krun.ram_mib"');
    const crio = (await install("--crio-config")).stdout.split(/^\[.*runtimes\.\w+\]$/m);
    assertEquals(crio.map((text) => text.includes('"run.oci."')), [false, true, false]);
  });
});

Deno.test("install.sh --uninstall removes the files that its output was put into", async () => {
  await withStick(async ({ root, install }) => {
    for (
      const [file, ...option] of [
        ["etc/containerd/conf.d/50-kago.toml", "--containerd-config", "3"],
        ["etc/crio/crio.conf.d/50-kago.conf", "--crio-config"],
      ]
    ) {
      await Deno.mkdir(`${root}/${file}`.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${root}/${file}`, (await install(...option)).stdout);
    }
    assertEquals((await files(root)).length, 2);
    await install("--uninstall");
    assertEquals(await files(root), []);
  });
});

Deno.test("install.sh leaves what is somebody else's alone, and says so", async () => {
  await withStick(async ({ root, install }) => {
    await Deno.mkdir(`${root}/usr/local/bin`, { recursive: true });
    await Deno.writeTextFile(`${root}/usr/local/bin/krun`, "crun's");
    const { code, stderr } = await install();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "krun is there and is not kago's");
    assertEquals(await files(root), ["usr/local/bin/krun"]);
    await install("--uninstall");
    assert((await files(root)).includes("usr/local/bin/krun"));
  });
});

Deno.test("install.sh refuses arguments that it does not know, and a prefix that is no plain path", async () => {
  await withStick(async ({ root, install }) => {
    for (
      const args of [["--force"], ["--prefix"], ["--prefix", "here"], ["--prefix", '/a"b'], [
        "--containerd-config",
      ]]
    ) {
      const { code, stderr } = await install(...args);
      assertEquals(code, 1, args.join(" "));
      assertStringIncludes(stderr, "install.sh: ");
    }
    assertEquals(await files(root), []);
  });
});
