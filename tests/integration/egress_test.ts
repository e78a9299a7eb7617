/** A container whose connections are limited, from end to end: run, exec, events, delete, and what is refused. Needs root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type BundleOptions, makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { compileC } from "../harness/c_program.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { layout } from "./cgroup_fixture.ts";

const EGRESS = "run.kago.egress";
const FROM = `annotations["${EGRESS}"]`;

/** The body where there is a v2 hierarchy; elsewhere there are no rules to be tried. */
function onV2(body: () => Promise<void>): () => Promise<void> {
  if (layout.hierarchies.some(({ version }) => version === 2)) return body;
  return () => Promise.resolve(console.log("no v2 hierarchy here"));
}

const HOST_NETWORK = {
  linux: { namespaces: ["pid", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })) },
};

/** A container with connect_tool.c in its root. */
async function withTool(options: BundleOptions, use: (kago: Kago) => Promise<void>): Promise<void> {
  const tool = await compileC(new URL("../harness/connect_tool.c", import.meta.url));
  try {
    await Kago.with(options, async (kago) => {
      await Deno.copyFile(tool, `${kago.bundle.rootfs}/bin/connect_tool`);
      await Deno.chmod(`${kago.bundle.rootfs}/bin/connect_tool`, 0o755);
      await use(kago);
    });
  } finally {
    await Deno.remove(tool);
  }
}

Deno.test(
  "a container connects to what is listed and to its own loopback, and --debug tells the rest",
  onV2(async () => {
    const words = ["tcp=127.0.0.1=80", "tcp=192.0.2.1=80", "tcp=192.0.2.1=81", "raw"];
    const options = {
      args: ["connect_tool", ...words],
      annotations: { [EGRESS]: "192.0.2.0/24:80/tcp" },
    };
    await withTool(options, async (kago) => {
      kago.globals.push("--debug");
      const { code, stdout, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      assertEquals(stdout.trim().split("\n"), [
        "tcp=127.0.0.1=80 ECONNREFUSED",
        "tcp=192.0.2.1=80 ENETUNREACH",
        "tcp=192.0.2.1=81 EPERM",
        "raw EPERM",
      ]);
      assertStringIncludes(stderr, "allows 192.0.2.0/24:80/tcp,127.0.0.0/8,0.0.0.0,::1,::");
      assertStringIncludes(stderr, "egress: refused 192.0.2.1:81/tcp once");
      assertEquals(stderr.includes("192.0.2.1:80/tcp"), false);
      assertEquals(kago.cgroups(), []);
    });
  }),
);

Deno.test(
  "in the host's network its loopback is not the container's, a path to that namespace included",
  onV2(async () => {
    const path = `/proc/${Deno.pid}/ns/net`;
    const joined = {
      linux: { namespaces: [...HOST_NETWORK.linux.namespaces, { type: "network", path }] },
    };
    for (const config of [HOST_NETWORK, joined]) {
      const options = {
        args: ["connect_tool", "tcp=127.0.0.1=1", "tcp=::1=1", "tcp=0.0.0.0=1", "tcp=127.0.0.2=1"],
        annotations: { [EGRESS]: "127.0.0.2:1" },
        config,
      };
      await withTool(options, async (kago) => {
        const { stdout, stderr } = await kago.foreground();
        assertEquals(stdout.trim().split("\n").map((line) => line.split(" ")[1]), [
          ...["EPERM", "EPERM", "EPERM", "ECONNREFUSED"],
        ], stderr);
      });
    }
  }),
);

Deno.test(
  "what an image has listed widens nothing: of both annotations each must allow",
  onV2(async () => {
    const options = {
      args: ["connect_tool", "tcp=192.0.2.1=80", "tcp=192.0.2.1=443", "tcp=192.0.2.2=443"],
      annotations: { [EGRESS]: "192.0.2.1", "krun.egress": "*:443" },
    };
    await withTool(options, async (kago) => {
      const { stdout } = await kago.foreground();
      assertEquals(stdout.trim().split("\n").map((line) => line.split(" ")[1]), [
        ...["EPERM", "ENETUNREACH", "EPERM"],
      ]);
    });
  }),
);

Deno.test(
  "exec has the same rules, below the container's cgroup too, and events tells what they refused",
  onV2(async () => {
    const options = { args: ["sleep", "1000"], annotations: { "krun.egress": "" } };
    await withTool(options, async (kago) => {
      assertEquals((await kago.create()).code, 0);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      const attempt = async (...words: string[]) =>
        (await kago.run("exec", ...words, kago.id, "connect_tool", "tcp=192.0.2.1=80")).stdout
          .trim();
      assertEquals(await attempt(), "tcp=192.0.2.1=80 EPERM");
      const [v2] = JSON.parse(await Deno.readTextFile(`${kago.root}/${kago.id}/state.json`))
        .cgroup.directories;
      await Deno.mkdir(`${v2.path}/below`);
      const exec = ["exec", "--cgroup", "/below", kago.id, "connect_tool", "datagram=192.0.2.1=53"];
      // v1's hierarchies have none of that name.
      const below = await kago.run(...exec);
      if (layout.mode === "v2") assertEquals(below.stdout, "datagram=192.0.2.1=53 EPERM\n");
      const more = await kago.run(
        "exec",
        "--cap",
        "CAP_NET_RAW",
        kago.id,
        "connect_tool",
        "packet",
      );
      assertEquals(more.code, 255);
      assertMatch(more.stderr, /process\.capabilities\.\w+: with CAP_NET_RAW a process can send/);
      const { stdout } = await kago.run("events", "--stats", kago.id);
      assertEquals(JSON.parse(stdout).data.egress_refused["192.0.2.1:80/tcp"], 1);
      const without = await run("setpriv", [
        ...["--bounding-set", "-sys_admin,-bpf,-net_admin", "--inh-caps", "-all", KAGO],
        ...["--root", kago.root, "events", "--stats", kago.id],
      ]);
      assertEquals(without.code, 0, without.stderr);
      const { data } = JSON.parse(without.stdout);
      assertEquals([data.egress_refused, typeof data.pids.current], [undefined, "number"]);
      await kago.run("kill", kago.id, "KILL");
      await kago.until("stopped");
      const { stderr } = await kago.run("--debug", "delete", kago.id);
      assertStringIncludes(stderr, "egress: refused 192.0.2.1:80/tcp once");
    });
  }),
);

Deno.test(
  "names are looked up on the host, before there is a container",
  onV2(async () => {
    await withTool({
      args: ["connect_tool", "tcp=127.0.0.1=1", "tcp=127.0.0.2=1"],
      annotations: { [EGRESS]: "localhost:1" },
      config: HOST_NETWORK,
    }, async (kago) => {
      const { stdout, stderr } = await kago.foreground();
      assertEquals(stdout, "tcp=127.0.0.1=1 ECONNREFUSED\ntcp=127.0.0.2=1 EPERM\n", stderr);
    });
    await refused(
      { annotations: { [EGRESS]: "no-such-name.invalid:1" } },
      /no-such-name\.invalid.* (has no address|cannot be looked up)/,
    );
  }),
);

Deno.test(
  "the word dns is the name servers of what config.json binds to /etc/resolv.conf",
  onV2(async () => {
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, "nameserver 192.0.2.53\n");
    const destination = "/etc/resolv.conf";
    await withTool({
      args: ["connect_tool", "tcp=192.0.2.53=53", "tcp=192.0.2.53=54"],
      annotations: { [EGRESS]: "dns" },
      mounts: [{ destination, type: "bind", source: file, options: ["bind", "ro"] }],
    }, async (kago) => {
      await Deno.writeTextFile(`${kago.bundle.rootfs}${destination}`, "nameserver 192.0.2.99\n");
      const { stdout, stderr } = await kago.foreground();
      assertEquals(stdout, "tcp=192.0.2.53=53 ENETUNREACH\ntcp=192.0.2.53=54 EPERM\n", stderr);
    });
    await Deno.remove(file);
  }),
);

Deno.test(
  "with the word dns a container cannot write the file that names its servers, nor list its own next time",
  onV2(async () => {
    const script = "echo nameserver 192.0.2.99 >/etc/resolv.conf || echo refused; " +
      "connect_tool tcp=192.0.2.53=53 tcp=192.0.2.99=53";
    await withTool({
      args: ["sh", "-c", script],
      annotations: { [EGRESS]: "dns" },
      mounts: [{
        destination: "/etc/resolv.conf",
        type: "bind",
        source: "resolv.conf",
        // As podman and containerd do.
        options: ["bind", "rprivate", "rw"],
      }],
    }, async (kago) => {
      const file = `${kago.bundle.path}/resolv.conf`;
      await Deno.writeTextFile(file, "nameserver 192.0.2.53\n");
      for (const _start of ["first", "second"]) {
        const { stdout, stderr } = await kago.foreground();
        assertEquals(
          stdout,
          "refused\ntcp=192.0.2.53=53 ENETUNREACH\ntcp=192.0.2.99=53 EPERM\n",
          stderr,
        );
      }
      assertEquals(await Deno.readTextFile(file), "nameserver 192.0.2.53\n");
    });
  }),
);

/** `run` fails with one sentence, and leaves nothing. */
async function refused(
  options: BundleOptions,
  words: RegExp,
  globals: readonly string[] = [],
): Promise<void> {
  await Kago.with(options, async (kago) => {
    kago.globals.push(...globals);
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1, stderr);
    assertMatch(stderr, words);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
    assertEquals(kago.cgroups(), []);
  });
}

const ANY = { annotations: { [EGRESS]: "*" } };

Deno.test(
  "a list that is not of its form is refused with what it must be",
  onV2(async () => {
    await refused(
      { annotations: { "krun.egress": "a:b" } },
      /krun\.egress.*"a:b.*must be an address/,
    );
  }),
);

Deno.test(
  "capabilities that lead past the rules are refused with their names",
  onV2(async () => {
    const capable = (...names: string[]) => ({
      process: { capabilities: { bounding: names, effective: names, permitted: names } },
    });
    for (const name of ["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"]) {
      const words = new RegExp(`process\\.capabilities\\.bounding: with ${name} .*--cap-drop`);
      await refused({ ...ANY, config: capable("CAP_KILL", name) }, words);
    }
    const users = {
      ...capable("CAP_SYS_ADMIN"),
      linux: {
        namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup", "user"]
          .map((type) => ({ type })),
        uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
        gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
      },
    };
    const mounts = [{
      ...{ destination: "/etc/resolv.conf", type: "bind", source: "/dev/null" },
      options: ["bind"],
    }];
    await refused(
      { annotations: { [EGRESS]: "dns" }, mounts, config: users },
      /bounding: with CAP_SYS_ADMIN a process can write the \/etc\/resolv\.conf of dns/,
    );
    await withTool({ ...ANY, args: ["connect_tool", "raw"], config: users }, async (kago) => {
      await Deno.chmod(kago.bundle.rootfs, 0o755);
      const { stdout, stderr } = await kago.foreground();
      assertEquals(stdout, "raw EPERM\n", stderr);
    });
  }),
);

Deno.test(
  "a mount by which a process could leave its cgroup is refused, and a read-only one is not",
  onV2(async () => {
    const v2 = layout.hierarchies.find(({ version }) => version === 2)!.mountPoint;
    const mount = (...options: string[]) => [
      { destination: "/host", type: "bind", source: v2, options: ["rbind", ...options] },
    ];
    await refused(
      { ...ANY, mounts: mount() },
      /mounts\[\d+\]: through a writable mount of cgroup v2/,
    );
    const args = ["sh", "-c", "echo 0 >/host/cgroup.procs || echo still here"];
    await withTool({ ...ANY, args, mounts: mount("ro") }, async (kago) => {
      const { stdout, stderr } = await kago.foreground();
      assertEquals(stdout, "still here\n", stderr);
    });
  }),
);

Deno.test(
  "without root's rights, and without a cgroup, rules are refused rather than not in force",
  onV2(async () => {
    await refused(ANY, /needs root: the kernel/, ["--rootless=true"]);
    await refused(ANY, /needs a cgroup, and --cgroup-manager disabled/, [
      ...["--cgroup-manager", "disabled"],
    ]);
  }),
);

Deno.test(
  "on a host without cgroup v2 rules are refused",
  onV2(async () => {
    const bundle = await makeBundle(ANY);
    const v2 = layout.hierarchies.find(({ version }) => version === 2)!.mountPoint;
    const root = await Deno.makeTempDir();
    try {
      const { code, stderr } = await run("unshare", [
        ...["-m", "--propagation", "private", "sh", "-c", 'umount -l "$0" && exec "$@"', v2],
        ...[KAGO, "--root", root, "run", "-b", bundle.path, "egress-v1"],
      ]);
      assertEquals(code, 1);
      // Where v2 is all that there is, nothing is left.
      assertMatch(stderr, /needs cgroup v2, which is not mounted on this host|no cgroup hierarchy/);
    } finally {
      await Deno.remove(root, { recursive: true });
      await removeBundle(bundle);
    }
  }),
);

Deno.test(
  "plan shows the list, and looks up no names",
  onV2(async () => {
    await Kago.with({ annotations: { [EGRESS]: "no-such-name.invalid:1" } }, async (kago) => {
      const { code, stdout } = await kago.run("plan", "-b", kago.bundle.path);
      assertEquals(code, 0);
      assertStringIncludes(stdout, `egress  no-such-name.invalid:1  # ${FROM}`);
      const json = await kago.run("plan", "--json", "-b", kago.bundle.path);
      assert(JSON.parse(json.stdout).settings.length === 1);
    });
  }),
);

Deno.test(
  "a pod's sandbox does nothing that could be limited",
  onV2(async () => {
    await Kago.with({ args: ["true"] }, async (kago) => {
      const annotations = {
        [EGRESS]: "*",
        "io.kubernetes.cri.container-type": "sandbox",
        "io.kubernetes.cri.sandbox-id": kago.id,
      };
      const names = ["CAP_NET_RAW"];
      const config = JSON.parse(await Deno.readTextFile(`${kago.bundle.path}/config.json`));
      config.process.capabilities = { bounding: names, effective: names, permitted: names };
      await Deno.writeTextFile(
        `${kago.bundle.path}/config.json`,
        JSON.stringify({ ...config, annotations }),
      );
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
    });
  }),
);
