/**
 * The runtimes that are compared, and one run of one bundle with one of them. Owns that nothing of a run is left on the
 * host.
 */
import { type Bundle, makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { addFacts, type Facts, splitSections } from "./facts.ts";
import type { Fixture } from "./fixture.ts";
import { makeReadable, namespaceNames } from "./readable.ts";
import { END, PROBE, probeFromHost } from "./probe.ts";
import type { Config, Variation } from "./variation.ts";
import { HOST_HOOKS_REPORT } from "./variations_cgroup.ts";

type Contender = "runc" | "crun" | "kago";

/** The result of one runtime for a bundle. */
export interface Outcome {
  readonly facts: Facts;
  /** For the reader of a failed test. */
  readonly stderr: string;
}

/** One container of one runtime. */
interface Run {
  readonly contender: Contender;
  readonly bundle: Bundle;
  readonly fixture: Fixture;
  readonly id: string;
  /** Shell commands before the runtime. */
  readonly caller: string;
}

/** Where a run's output and its container's pid are written. */
interface Files {
  readonly out: string;
  readonly err: string;
  readonly pid: string;
}

const TIME_LIMIT_MS = 20_000;

/** Runs a bundle with the chosen variations under all runtimes, one after the other; `id` is the containers' id. */
export async function runUnderAll(chosen: readonly Variation[], fixture: Fixture, id: string) {
  const runc = await runBundle("runc", chosen, fixture, id);
  const crun = await runBundle("crun", chosen, fixture, id);
  await removeCgroups(id);
  const kago = await runBundle("kago", chosen, fixture, id);
  const left = await removeCgroups(id);
  if (left.length > 0) throw new Error(`kago left ${left.join(", ")}`);
  return { runc, crun, kago };
}

/**
 * Removes the containers' cgroups, which crun leaves when it fails, and their parents, which all runtimes leave since
 * these may belong to others. Returns the former.
 */
async function removeCgroups(id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of foldersBelow("/sys/fs/cgroup")) {
    const own = path.endsWith(`/${id}`);
    if (!own && !path.includes(`/${id}-`)) continue;
    if (own) found.push(path);
    await Deno.remove(path);
  }
  return found;
}

/** Deepest first. Other cgroups come and go meanwhile. */
async function* foldersBelow(path: string): AsyncGenerator<string> {
  for (const name of await namesOfFolders(path)) {
    yield* foldersBelow(`${path}/${name}`);
    yield `${path}/${name}`;
  }
}

async function namesOfFolders(path: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function runBundle(
  contender: Contender,
  chosen: readonly Variation[],
  fixture: Fixture,
  id: string,
): Promise<Outcome> {
  const bundle = await makeBundle({ parent: fixture.folder });
  try {
    const config = structuredClone(bundle.config) as unknown as Config;
    config.process.args = ["sh", "-c", PROBE, "zero"];
    for (const { change } of chosen) change(config, { fixture, bundle: bundle.path, id });
    await Deno.writeTextFile(`${bundle.path}/config.json`, JSON.stringify(config, null, 2));
    const [mapping] = (config.linux.uidMappings ?? []) as { hostID: number }[];
    const { hostID } = mapping ?? { hostID: 0 };
    if (hostID !== 0) await runOk("chown", ["-R", `${hostID}:${hostID}`, bundle.rootfs]);
    const caller = chosen.map(({ caller }) => caller ?? "").filter(Boolean).join("; ") || ":";
    return await runContainer({ contender, bundle, fixture, id, caller });
  } finally {
    await removeBundle(bundle);
  }
}

async function runContainer(containerRun: Run): Promise<Outcome> {
  const { contender, bundle, fixture, id, caller } = containerRun;
  const root = await Deno.makeTempDir({ prefix: "root_", dir: fixture.folder });
  // Each runtime's command, in a mount namespace with the mounts that it requires.
  const place = contender === "crun"
    ? ["nsenter", `--mount=/proc/${fixture.withoutUnified}/ns/mnt`]
    : [];
  const command = [...place, contender === "kago" ? KAGO : contender, "--root", root];
  const files = { out: `${bundle.path}/out`, err: `${bundle.path}/err`, pid: `${bundle.path}/pid` };
  const words = [...command, "run", "--bundle", bundle.path, "--pid-file", files.pid, id];
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      `out=$1 err=$2; shift 2; ${caller}; exec "$@" > "$out" 2> "$err"`,
      "sh",
      files.out,
      files.err,
      ...words,
    ],
    stdin: "piped",
  }).spawn();
  try {
    const facts = await observe(child, files, containerRun);
    return { facts, stderr: await Deno.readTextFile(files.err) };
  } finally {
    await run(command[0]!, [...command.slice(1), "delete", "--force", id]);
    await Deno.remove(root, { recursive: true });
  }
}

/** Waits for the probe's end, gathers the facts from the host, ends the container, and gathers the probe's facts. */
async function observe(
  child: Deno.ChildProcess,
  files: Files,
  { bundle, fixture, contender, id }: Run,
): Promise<Facts> {
  const status = child.status;
  const ending = await untilComplete(status, files);
  if (ending !== "complete") {
    await child.stdin.close();
    if (ending === "late") child.kill("SIGKILL");
    const { code } = await status;
    return new Map([[
      "outcome",
      ending === "late" ? "hung" : `ended with ${code} before the probe`,
    ]]);
  }
  const pid = Number(await Deno.readTextFile(files.pid));
  const seen = probeFromHost(pid);
  const host = contender === "crun" ? fixture.withoutUnified : Deno.pid;
  const names = namespaceNames(host, fixture.helper, pid);
  await child.stdin.close();
  const { code } = await status;

  const facts: Facts = new Map([["outcome", `ran and ended with ${code}`]]);
  const readable = (text: string) => makeReadable(text, { bundle: bundle.path, id }, names);
  const sections = { ...splitSections(await Deno.readTextFile(files.out)), ...seen };
  for (const [section, lines] of Object.entries(sections)) {
    addFacts(facts, section, readable(lines.join("\n")).split("\n"));
  }
  const report = await readIfThere(`${bundle.path}/${HOST_HOOKS_REPORT}`);
  addFacts(facts, "hooks on the host", readable(report).split("\n"));
  return facts;
}

/** Waits until the probe's output is complete and the pid file exists. */
async function untilComplete(status: Promise<unknown>, files: Files) {
  let ended = false;
  status.then(() => ended = true);
  const deadline = Date.now() + TIME_LIMIT_MS;
  while (Date.now() < deadline) {
    const last = ended;
    const out = await readIfThere(files.out);
    if (out.endsWith(`${END}\n`) && await readIfThere(files.pid) !== "") return "complete";
    if (last) return "ended";
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return "late";
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
