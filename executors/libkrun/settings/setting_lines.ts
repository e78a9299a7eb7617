/** A microVM's settings in words, each with its source: for `kago plan` and `kago doctor`. */
import { processors } from "../../../ffi/processes.ts";
import type { AdministratorWord } from "../../../runtime/administrator.ts";
import { type Given, IMAGE_KEYS } from "../../../runtime/administrator_file.ts";
import { type Finding, good } from "../../../runtime/finding.ts";
import type { SettingWords } from "../../../runtime/plan/format.ts";
import { type Choices, chooseSettings, KAGO, ownValue } from "./choices.ts";

/** @param word the permissions of the command line and of the files. */
export function settingLines(
  { cpus, ramMib, logLevel, network, disks, daxWindow }: Choices,
  { library, allowed, defaults = {} }: AdministratorWord,
): SettingWords[] {
  const { passt, kernel, imageKeys, allowAnnotations } = defaults;
  const libkrun = library && { value: library.path, from: library.from };
  const allowedBy = allowAnnotations?.from ?? (allowed.length > 0 ? "--allow-annotation" : KAGO);
  return [
    named("libkrun", libkrun, "found by the dynamic linker"),
    named("kernel", kernel, "that of libkrunfw"),
    line("cpus", cpus),
    line("ram", ramMib, `${ramMib.value} MiB`),
    line("log level", logLevel),
    line("network", network),
    named("passt", passt, "the installed one"),
    line("disks", disks, listed(disks.value)),
    line("DAX window", daxWindow, daxWindow.value === undefined ? "none" : undefined),
    line(
      "image may set",
      imageKeys ?? ownValue(IMAGE_KEYS),
      listed(imageKeys?.value ?? IMAGE_KEYS),
    ),
    line("allowed", { value: allowed, from: allowedBy }, listed(allowed)),
  ];
}

function line(
  name: string,
  { value, from }: Given<unknown>,
  words: string = `${value}`,
): SettingWords {
  return { name, value: words, from };
}

function named(name: string, file: Given<string> | undefined, without: string): SettingWords {
  return line(name, file ?? ownValue(without));
}

function listed(items: readonly string[]): string {
  return items.join(",") || "none";
}

/** The settings of a microVM without its own: a finding for each file, and for the rest. */
export function settingFindings(word: AdministratorWord): Finding[] {
  const choices = chooseSettings({ ociVersion: "" }, {}, word.defaults, processors);
  const bySource = Map.groupBy(settingLines(choices, word), ({ from }) => from.split(": ")[0]!);
  return [...bySource].map(([source, lines]) => {
    const words = lines.map(({ name, value }) => `${name} ${value}`).join("; ");
    return good("microVMs", source === KAGO ? "defaults" : source, words);
  });
}
