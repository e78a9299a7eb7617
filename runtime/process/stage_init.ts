/**
 * The init stage of a microVM, `kago --stage=init SETTINGS`: what Init execs when the root filesystem stands ready. It
 * loads libkrun while the host's files are in sight, runs the rest of the plan on all threads (the pivot into the
 * container's root, the dropped privileges, the wait for `start`), and becomes the VMM. What a VM consists of is
 * libkrun's; which operations are run is the plan's.
 *
 *   Init ── exec ──► load libkrun, krun_create_ctx ──► vmm operations ──► READY … start ──► krun_start_enter
 *
 * Failures go to Main, or to the `start` that waits; the end of that connection says that the guest boots.
 */
import { configureVm, type Vm } from "../../executors/libkrun/configure_vm.ts";
import { startPasst } from "../../executors/libkrun/passt.ts";
import type { VmSettings } from "../../executors/libkrun/settings.ts";
import { type Libkrun, openLibkrun } from "../../ffi/libkrun.ts";
import {
  closeFd,
  forwardSignals,
  makeUndumpable,
  runVmmStage,
  send,
  type VmmChannels,
} from "../../ffi/shim.ts";
import { encodeFailure, encodeText } from "./message.ts";

const FAILURE = 1;

/**
 * Runs the stage. It returns only on a failure, which has been reported then.
 * @param settingsJson VmSettings; the environment's KAGO_CHANNELS has the descriptors (helper-c/op_exec.c).
 * @returns the exit code.
 */
export function runInitStage(settingsJson: string): number {
  const channels = parseChannels(Deno.env.get("KAGO_CHANNELS") ?? "");
  if (!channels) {
    console.error("kago: this is an internal stage of kago, not a command");
    return FAILURE;
  }
  let report = channels.sync;
  try {
    // An exec makes a process dumpable again, and whoever shares its user and pid namespace could look into it.
    makeUndumpable();
    const settings = parseSettings(settingsJson);
    const libkrun = openLibkrun(settings.libkrunPath, settings.variant);
    const { network } = settings;
    const passt = network?.kind === "passt" ? { passt: startPasst(network.ports) } : {};
    const vm = { libkrun, context: libkrun.createContext(), ...passt };
    const stage = runVmmStage(channels);
    report = stage.report;
    if (stage.errno !== 0) {
      return tell(report, encodeFailure("vmm", stage.failed, stage.errno));
    }
    configureVm(vm, settings, { root: stage.agent, run: channels.run });
    return enterVm(vm, channels, report);
  } catch (error) {
    return tell(report, encodeText(`microVM: ${(error as Error).message}`));
  }
}

/** Reports a failure; when nobody is there to hear it any more, only the exit code tells. */
function tell(report: number, message: Uint8Array<ArrayBuffer>): number {
  try {
    send(report, message);
  } catch (error) {
    console.error(`kago: microVM: a failure could not be reported: ${(error as Error).message}`);
  }
  return FAILURE;
}

/**
 * The guest gets the VMM's process, so nothing of kago's may be left open in it. The connection for reports goes last:
 * its end tells `start` that the guest boots, and what fails later can only be told on the container's stderr.
 */
function enterVm(vm: Vm, channels: VmmChannels, report: number): number {
  const libkrun: Libkrun = vm.libkrun;
  closeFd(channels.plan);
  closeFd(channels.root);
  closeFd(report);
  try {
    if (channels.run >= 0) forwardSignals(channels.run);
    libkrun.startEnter(vm.context);
  } catch (error) {
    console.error(`kago: microVM: ${(error as Error).message}`);
    return FAILURE;
  }
}

/**
 * `plan,sync,listen,root,run` as decimal descriptors; listen is -1 under `run`, and run without an agent. Undefined for
 * anything else.
 */
export function parseChannels(text: string): VmmChannels | undefined {
  const match = /^(\d+),(\d+),(-1|\d+),(\d+),(-1|\d+)$/.exec(text);
  if (!match) return undefined;
  const [plan, sync, listen, root, run] = match.slice(1).map(Number);
  return { plan: plan!, sync: sync!, listen: listen!, root: root!, run: run! };
}

/** @throws {Error} for settings that are not the executor's: a fault of kago. */
export function parseSettings(json: string): VmSettings {
  const settings: VmSettings = JSON.parse(json);
  const { cpus, ramMib, logLevel, libkrunPath } = settings;
  const numbers = [cpus, ramMib, logLevel].every((value) => Number.isInteger(value) && value >= 0);
  if (numbers && ["string", "undefined"].includes(typeof libkrunPath)) return settings;
  throw new Error(`malformed settings of the init stage: ${json}`);
}
