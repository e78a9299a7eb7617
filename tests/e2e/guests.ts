/**
 * Counts how often a guest ends by a triple fault in the emulated host, with kago and with libkrun alone (bare_vm.c),
 * alternating in the same boot:
 *
 *   deno run -A tests/e2e/guests.ts [GUESTS]
 *
 * Default: 100 of each, which take half an hour and more. libkrun logs at level 3, which gives the reason for a guest's
 * end. For each guest that ended without its exit code, the last line of that log is printed again at the end. If the
 * emulated host stands still, the other guests run in another boot.
 */
import { REPOSITORY } from "../../scripts/emulated_host/cache.ts";
import { TESTED_RELEASE } from "../../scripts/emulated_host/debian_root.ts";
import { EmulatedHostError, runInEmulatedHost } from "../../scripts/emulated_host/emulated_host.ts";
import { makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { EMULATED } from "../harness/emulated.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { countTripleFaults, tripleFaults } from "./harness/triple_faults.ts";

const SCRIPT = "tests/e2e/guests.ts";

/** Seconds for two guests. */
const LIMIT = 120;

/** Of a program's guests, by the program's name. */
type Counts = Record<string, { tripleFaults: number; withoutExitCode: number }>;

async function runInBoots(guests: number): Promise<number> {
  await runOk(Deno.execPath(), ["cache", "--quiet", SCRIPT], { cwd: REPOSITORY }); // no network inside
  const total: Counts = {};
  for (let left = guests; left > 0;) {
    const { code, done, counts } = await runInBoot(left);
    if (code !== 0) return code;
    if (done === 0) throw new Error("no guest has ended in this boot");
    left -= done;
    for (const [name, { tripleFaults, withoutExitCode }] of Object.entries(counts)) {
      const sum = total[name] ??= { tripleFaults: 0, withoutExitCode: 0 };
      sum.tripleFaults += tripleFaults;
      sum.withoutExitCode += withoutExitCode;
    }
  }
  console.log(`all ${guests} guests of each: ${JSON.stringify(total)}`);
  return 0;
}

/** @returns how many guests of each have ended, and their counts; the code is 0 if the host stood still. */
async function runInBoot(guests: number): Promise<{ code: number; done: number; counts: Counts }> {
  const deno = Deno.execPath();
  const command = [deno, "run", "-A", "--no-check", "--cached-only", SCRIPT, String(guests)];
  const decoder = new TextDecoder();
  let code = 0, output = "";
  try {
    ({ code } = await runInEmulatedHost(command, {
      release: TESTED_RELEASE,
      timeout: guests * LIMIT,
      env: { OUTER_KERNEL_RELEASE: Deno.osRelease() },
      onStdout: (chunk) => {
        Deno.stdout.writeSync(chunk);
        output += decoder.decode(chunk, { stream: true });
      },
      onStderr: (chunk) => void Deno.stderr.writeSync(chunk),
    }));
  } catch (error) {
    if (!(error instanceof EmulatedHostError) || !error.stoodStill) throw error;
    console.error(error.message);
  }
  const last = [...output.matchAll(/^(\d+) guests of each: (.*)$/gm)].at(-1);
  return { code, done: Number(last?.[1] ?? 0), counts: JSON.parse(last?.[2] ?? "{}") };
}

const LOG_LEVEL = "3";

/** libkrun's last line; kago's own lines come after it. */
function lastOfLibkrun(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line && !line.startsWith("kago: "));
  return lines.at(-1) ?? "libkrun logged nothing";
}

async function countHere(guests: number): Promise<number> {
  countTripleFaults();
  const bundle = await makeBundle({
    args: ["/bin/true"],
    annotations: {
      "run.oci.handler": "krun",
      "krun.cpus": "1",
      "krun.ram_mib": "256",
      "krun.log_level": LOG_LEVEL,
    },
  });
  const bare = `${bundle.path}/bare_vm`;
  const source = new URL("in_microvm_host/bare_vm.c", import.meta.url).pathname;
  await runOk("cc", ["-O2", "-w", "-o", bare, source]);
  const commands = {
    kago: [KAGO, "run", "--bundle", bundle.path, "guest"],
    "libkrun alone": [bare, bundle.rootfs, "/bin/true"],
  };
  const counts: Counts = Object.fromEntries(
    Object.keys(commands).map((name) => [name, { tripleFaults: 0, withoutExitCode: 0 }]),
  );
  const last: string[] = [];
  for (let guest = 1; guest <= guests; guest++) {
    for (const [name, [program, ...args]] of Object.entries(commands)) {
      const before = tripleFaults();
      const env = { BARE_VM_LOG_LEVEL: LOG_LEVEL };
      const { code, stderr } = await run(program!, args, { timeout: LIMIT, env });
      const faults = tripleFaults() - before;
      counts[name]!.tripleFaults += faults;
      if (faults === 0 && code === 0) continue;
      counts[name]!.withoutExitCode++;
      last.push(
        `${name}, guest ${guest}: ${faults} triple faults, exit code ${code}: ${
          lastOfLibkrun(stderr)
        }`,
      );
      console.log(`${last.at(-1)}\n${stderr}`);
    }
    console.log(`${guest} guests of each: ${JSON.stringify(counts)}`);
  }
  for (const line of last) console.log(line);
  await removeBundle(bundle);
  return 0;
}

if (import.meta.main) {
  const guests = Number(Deno.args[0] ?? 100);
  Deno.exit(await (EMULATED ? countHere(guests) : runInBoots(guests)));
}
