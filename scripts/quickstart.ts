/**
 * The demonstration of quickstart.sh: runs one bundle as a microVM, and executes a command in it while it runs. If this
 * machine's KVM cannot run a guest, the same commands run in the emulated host, which boots in a few seconds and is
 * slow inside.
 */
import { runInEmulatedHost } from "./emulated_host/emulated_host.ts";
import { probeKvm } from "../ffi/shim.ts";
import { describeErrno } from "../runtime/common/errors.ts";
import { ROOT } from "./build/paths.ts";
import { runMain } from "./run_main.ts";
import { makeBundle, removeBundle } from "./sample/bundle.ts";

const KAGO = `${ROOT}/dist/kago`;

const ID = "quickstart";

const SCRIPT = 'echo "guest kernel: $(uname -r)"; echo ready > /tmp/ready; exec sleep 600';

/** Waits for the guest, executes a command in it, and removes it; $0 is kago, $1 the bundle. */
const COMMANDS = `
  trap '"$0" delete --force ${ID}' EXIT
  "$0" run --detach --bundle "$1" ${ID} || exit
  for i in $(seq 60); do "$0" exec ${ID} test -e /tmp/ready 2>/dev/null && break; sleep 0.5; done
  echo '$ kago exec ${ID} sh -c "id -u; free -m; ps"'
  "$0" exec ${ID} sh -c 'id -u; free -m; ps'
`;

async function main(): Promise<number> {
  const problem = kvmProblem() ?? libkrunProblem();
  // The emulated host sees this machine's files, but has its own /tmp.
  const bundle = await makeBundle({
    parent: `${ROOT}/build`,
    args: ["/bin/sh", "-c", SCRIPT],
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256" },
  });
  try {
    console.log(`host kernel:  ${Deno.osRelease()}`);
    const command = ["sh", "-c", COMMANDS, KAGO, bundle.path];
    if (!problem) return await runHere(command);
    console.log(`This machine cannot run a microVM itself: ${problem}`);
    console.log("Running the same bundle in an emulated host (QEMU), with a kernel of its own.");
    console.log(
      "On a new machine that takes 150 MB of downloads first; it boots in half a minute.",
    );
    return await runEmulated(command);
  } finally {
    await removeBundle(bundle);
  }
}

/** The reason why /dev/kvm cannot run a guest, or undefined. */
function kvmProblem(): string | undefined {
  const errno = probeKvm();
  return errno === 0 ? undefined : `/dev/kvm cannot run a 64-bit guest (${describeErrno(errno)})`;
}

/** The reason why libkrun cannot be used here, or undefined. */
function libkrunProblem(): string | undefined {
  const { stdout } = new Deno.Command(KAGO, { args: ["--version"] }).outputSync();
  return /^libkrun: not found/m.test(new TextDecoder().decode(stdout))
    ? "libkrun is not installed"
    : undefined;
}

async function runHere([program, ...args]: string[]): Promise<number> {
  const child = new Deno.Command(program!, { args, stdin: "null" }).spawn();
  return (await child.status).code;
}

async function runEmulated(command: readonly string[]): Promise<number> {
  const script = 'echo "emulated host kernel: $(uname -r)"; exec "$@"';
  const { code } = await runInEmulatedHost(["sh", "-c", script, "sh", ...command], {
    onStdout: (chunk) => void Deno.stdout.writeSync(chunk),
    onStderr: (chunk) => void Deno.stderr.writeSync(chunk),
  });
  return code;
}

if (import.meta.main) await runMain("quickstart", main);
