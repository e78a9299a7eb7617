/**
 * `krun.console`: the guest kernel's console apart from the process's input and output, which libkrun's guest init finds
 * by name among the ports of a virtio-console.
 */
import { openConsoleFile } from "../../ffi/shim.ts";
import { joinPath } from "../../runtime/plan/path.ts";
import type { Vm } from "./configure_vm.ts";
import type { VmSettings } from "./settings.ts";

const NONE = -1;

/** The first port is the console, hvc0 in the guest. */
export function configureConsole(
  { libkrun: { extras }, context }: Vm,
  { console }: VmSettings,
  root: string,
): void {
  if (console === undefined) return;
  const from = 'annotations["krun.console"]';
  const output = console === "none" ? NONE : openConsoleFile(root, joinPath("/", console));
  extras.call("krun_disable_implicit_console", from, context);
  const device = extras.call("krun_add_virtio_console_multiport", from, context);
  const addPort = (name: string, input: number, output: number) =>
    extras.call("krun_add_console_port_inout", from, context, device, name, input, output);
  addPort("", NONE, output);
  addPort("krun-stdin", 0, NONE);
  addPort("krun-stdout", NONE, 1);
  addPort("krun-stderr", NONE, 2);
}
