/**
 * A binary packed like kago, by the same packer, around a program that tells how it finds itself. It makes the packer's tests independent of
 * what kago's own commands do.
 */
import { runCommand } from "../../scripts/build/command.ts";
import { packWithCompile } from "../../scripts/build/compile_pack.ts";
import { pack, readParts } from "../../scripts/build/pack.ts";
import { packInputs } from "../harness/pack_inputs.ts";

/** The first argument says what to do; this is JavaScript, as the bundler would leave it. */
const WHOLE = `
const [verb, ...rest] = Deno.args;
const lib = () => Deno.dlopen(globalThis.kago.shim, { answer: { parameters: [], result: "i32" } });
const verbs = {
  // The packer's own question.
  "--version": () => console.log("probe"),
  report: () => console.log(JSON.stringify({
    args: rest,
    env: Deno.env.toObject(),
    callers: Deno.readTextFileSync(globalThis.kago.environment).split("\\0"),
    cwd: Deno.cwd(),
    commandLine: Deno.readTextFileSync("/proc/self/cmdline").split("\\0").slice(0, -1),
    exe: Deno.execPath(),
    softNofile: globalThis.kago.softNofile,
    raised: Object.entries(globalThis.kago.raised).map(([name, soft]) => name + "=" + soft),
  })),
  shim: () => console.log(lib().symbols.answer()),
  exit: () => Deno.exit(Number(rest[0])),
  throw: () => { throw new Error("on purpose"); },
  copy: () => Deno.stdin.readable.pipeTo(Deno.stdout.writable),
  descriptors: async () => {
    const listing = new Deno.Command("ls", {
      args: ["-1", "/proc/self/fd"],
      env: { PATH: "/usr/bin:/bin" },
      stdout: "inherit",
    });
    await listing.output();
  },
};
await verbs[verb]();
`;

/** Like kago's quick program: it knows one command and leaves the others to the whole program. */
const QUICK = `
if (Deno.args[0] === "state") console.log("quick");
else await startWholeProgram();
`;

/** The Deno whose `deno compile` packs, with DENORT_BIN, for `deno task test:compiled`. */
export const COMPILER = Deno.env.get("KAGO_TEST_COMPILER");

export interface Probe {
  /** The packed binary; anybody may run it. */
  readonly binary: string;
  /** A folder of the test's own, which holds the binary. */
  readonly folder: string;
}

/** Packs the probe into a folder of its own, which the caller removes. */
export async function packProbe(): Promise<Probe> {
  const folder = await Deno.makeTempDir({ prefix: "kago_probe_" });
  await Deno.chmod(folder, 0o755);
  const inputs = packInputs(folder);
  await Deno.writeTextFile(inputs.whole, WHOLE);
  await Deno.writeTextFile(inputs.quick, QUICK);
  await Deno.writeTextFile(`${folder}/shim.c`, "int answer(void) { return 42; }");
  await runCommand("cc", ["-shared", "-fPIC", "-o", inputs.shim, `${folder}/shim.c`]);
  const binary = `${folder}/probe`;
  if (COMPILER) {
    await packWithCompile(await readParts(inputs), binary, Deno.env.toObject(), COMPILER);
  } else await pack({ packer: "npm", offline: true, env: {}, ...inputs, output: binary });
  return { binary, folder };
}
