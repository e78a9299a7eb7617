/**
 * docs/kubernetes.md: its commands run one after the other on a node that has only containerd; its files are those that
 * the commands make or use. Commands that require a cluster, a registry or CRI-O are compared instead.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseAll } from "@std/yaml/parse";
import { ROOT } from "../../scripts/build/paths.ts";
import { prepareContainerd2 } from "./containerd2/containerd.ts";
import { buildLibkrunDouble } from "../doubles/libkrun/build.ts";
import { runOk } from "../harness/run.ts";
import { IMAGE } from "./containerd/containerd.ts";
import { KubernetesNode } from "./containerd/node.ts";

const PAGE = await Deno.readTextFile(`${ROOT}/docs/kubernetes.md`);
const INSTALL = `${ROOT}/scripts/install.sh`;

/** Commands that are not run on the node, each with what is compared instead. */
const NOT_RUN: readonly RegExp[] = [
  /^kubectl /, // the manifests, with the existing handlers
  /^systemctl restart crio$/, // the file, with the keys of crio.conf(5); crio_host_test.ts runs the daemon
  /^crictl pull /, // the node has the image already
];

/** The commands of a section of the page, from its heading to the next of any level. */
function commandsOf(heading: string): readonly string[] {
  const part = PAGE.split(/^##+ /m).find((text) => text.startsWith(`${heading}\n`));
  if (part === undefined) throw new Error(`the page has no part ${heading}`);
  return commandsIn(part);
}

function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) =>
    block!.trimEnd().split("\n")
  );
}

/** The block of the page that contains this file. */
function fileOf(name: string): string {
  const pattern = new RegExp(
    `\`${RegExp.escape(name)}\`[^\`]*:\n\n\`\`\`\\w+\n([^]*?)^\`\`\``,
    "m",
  );
  const found = pattern.exec(PAGE);
  if (!found) throw new Error(`the page has no file ${name}`);
  return found[1]!;
}

const runnable = (command: string) => !NOT_RUN.some((pattern) => pattern.test(command));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly handler?: string;
  readonly spec?: { readonly runtimeClassName: string; readonly hostUsers?: boolean };
}

const manifests = (name: string) => parseAll(fileOf(name)) as unknown as Manifest[];

Deno.test("the steps for containerd 2 lead to a pod with a user namespace", async () => {
  const programs = await prepareContainerd2();
  await KubernetesNode.with(programs, async (node) => {
    const files = ["pod.json", "container.json", "/etc/crictl.yaml"];
    for (const name of files) await node.write(name, fileOf(name));
    const output = await node.run([
      ...commandsOf("1. kago on the node"),
      ...commandsOf("containerd 2: `version = 3`"),
      ...commandsOf("3. Try it without a cluster").filter(runnable),
    ]);
    assertStringIncludes(output, "kago version");
    assertMatch(output, /^ +0 +1000000 +65536$/m);
    assertStringIncludes(output, "uid=0");
    assertEquals(
      await node.read("/etc/containerd/conf.d/50-kago.toml"),
      fileOf("/etc/containerd/conf.d/50-kago.toml"),
    );
    const [info] = /^\{\n[^]*?^\}$/m.exec(output)!;
    const names = JSON.parse(info).runtimeHandlers.map(({ name }: { name?: string }) => name);
    const classes = manifests("runtime_classes.yaml").map(({ handler }) => handler);
    assertEquals(classes.filter((handler) => !names.includes(handler)), []);
  });
});

Deno.test("with the handler krun the page's pod is of microVMs, sized by its annotations, but for the sandbox", async () => {
  using double = await buildLibkrunDouble(); // its guest is a process, without an agent
  await KubernetesNode.with(await prepareContainerd2(), async (node) => {
    await node.write("/etc/kago/microvm.json", JSON.stringify({ libkrun: double.path }));
    await node.write("/etc/crictl.yaml", fileOf("/etc/crictl.yaml"));
    const vm = manifests("pods.yaml").find(({ spec }) => spec?.runtimeClassName === "krun")!;
    const { annotations } = vm.metadata;
    for (const name of ["pod.json", "container.json"]) {
      const config = { ...JSON.parse(fileOf(name)), annotations, linux: {} };
      await node.write(name, JSON.stringify(config));
    }
    await node.run([
      ...commandsOf("1. kago on the node"),
      ...commandsOf("containerd 2: `version = 3`"),
      ...commandsOf("3. Try it without a cluster")
        .filter((command) => runnable(command) && !command.startsWith("crictl exec"))
        .map((command) => command.replace("--runtime kago", "--runtime krun")),
    ]);
    const calls = (await node.read(`${double.dir}/calls.jsonl`)).trim().split("\n")
      .map((line) => JSON.parse(line));
    const argsOf = (name: string) =>
      calls.filter(({ call }) => call === name).map(({ args }) => args.slice(1));
    assertEquals(argsOf("krun_set_vm_config"), [[2, 512]]);
    assertEquals(argsOf("krun_start_enter"), [[]]);
  });
});

for (const release of ["1", "2"]) {
  Deno.test(`the steps for version 2 of the file add the handlers to what containerd ${release} has`, async () => {
    const programs = release === "2" ? await prepareContainerd2() : "";
    await KubernetesNode.with(programs, async (node) => {
      await node.write(
        "/etc/containerd/config.toml",
        'version = 2\nroot = "/var/lib/containerd"\n',
      );
      const output = await node.run([
        ...commandsOf("1. kago on the node"),
        ...commandsOf("containerd 1.6 and 1.7: `version = 2`"),
        "ctr plugins ls -d id==cri",
      ]);
      assertMatch(output, /BinaryName = ["']\/usr\/local\/bin\/kago["']/);
      assertMatch(output, /^ID: +cri$/m);
      assert(!output.includes("Error:"), output);
    });
  });
}

/** The keys of a runtime in crio.conf(5), "CRIO.RUNTIME.RUNTIMES TABLE". */
const CRIO_KEYS = ["runtime_path", "runtime_type", "runtime_root", "allowed_annotations"];

Deno.test("CRI-O's file is the one that the page shows, with keys of crio.conf(5)", async () => {
  await KubernetesNode.with("", async (node) => {
    const commands = commandsOf("CRI-O").filter(runnable);
    await node.run([...commandsOf("1. kago on the node"), ...commands]);
    const text = await node.read("/etc/crio/crio.conf.d/50-kago.conf");
    assertEquals(text, fileOf("/etc/crio/crio.conf.d/50-kago.conf"));
    const tables = text.split(/^\[crio\.runtime\.runtimes\.(\w+)\]$/m).slice(1);
    assertEquals(tables.filter((_, index) => index % 2 === 0), ["kago", "krun"]);
    const keys = [...text.matchAll(/^ *(\w+) = /gm)].map(([, key]) => key!);
    assertEquals(keys.filter((key) => !CRIO_KEYS.includes(key)), []);
  });
});

Deno.test("the manifests name classes of the page, and annotations that the handler is given", async () => {
  const classes = manifests("runtime_classes.yaml");
  assertEquals(classes.map(({ kind }) => kind), ["RuntimeClass", "RuntimeClass"]);
  const config = await runOk(INSTALL, ["--containerd-config", "3"]);
  for (const { kind, metadata, spec } of manifests("pods.yaml")) {
    assertEquals(kind, "Pod");
    const handler = classes.find(({ metadata: { name } }) => name === spec?.runtimeClassName)
      ?.handler;
    const [, given = ""] = new RegExp(
      `runtimes\\.${handler}\\]\n[^[]*pod_annotations = \\[(.*)\\]`,
    ).exec(config)!;
    for (const name of Object.keys(metadata.annotations ?? {})) {
      assertStringIncludes(given, `"${name}"`);
    }
  }
});

Deno.test("every command of the page is run, or is one of those that are compared", () => {
  const headings = ["1. kago on the node", "containerd 2: `version = 3`"];
  const run = [
    ...[...headings, "containerd 1.6 and 1.7: `version = 2`", "CRI-O"].flatMap(commandsOf),
    ...commandsOf("3. Try it without a cluster"),
  ];
  assertEquals(
    commandsIn(PAGE).filter((command) => runnable(command) && !run.includes(command)),
    [],
  );
  assertStringIncludes(fileOf("container.json"), IMAGE);
});
