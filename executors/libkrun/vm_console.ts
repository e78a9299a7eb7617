/**
 * `krun.console`: the guest kernel's console apart from the process's input and output, which libkrun's guest init finds
 * by name among the ports of a virtio-console.
 */
import { openConsoleFile } from "../../ffi/shim.ts";
import { joinPath } from "../../runtime/plan/path.ts";
import type { Vm } from "./configure_vm.ts";
import type { VmSettings } from "./settings.ts";

const NONE = -1;

/**
 * libkrun's own console writes to the file, and would take the process's output with it: so that goes through a second
 * device. (A console without the file would be no console to the guest's kernel, and its init then mixes up its own
 * descriptors.)
 */
export function configureConsole(
  { libkrun: { extras }, context }: Vm,
  { console }: VmSettings,
  root: string,
): void {
  if (console === undefined) return;
  const from = 'annotations["krun.console"]';
  const path = console === "none" ? "/dev/null" : joinPath("/", console);
  const file = `/proc/self/fd/${openConsoleFile(root, path)}`;
  extras.call("krun_set_console_output", from, context, file);
  const device = extras.call("krun_add_virtio_console_multiport", from, context);
  const addPort = (name: string, input: number, output: number) =>
    extras.call("krun_add_console_port_inout", from, context, device, name, input, output);
  addPort("krun-stdin", 0, NONE);
  addPort("krun-stdout", NONE, 1);
  addPort("krun-stderr", NONE, 2);
}
