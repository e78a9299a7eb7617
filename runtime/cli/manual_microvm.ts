/** The page kago-microvm(7), from the table of annotations. Loaded only on request. */
import {
  type AnnotationRow,
  ANNOTATIONS,
  OTHER_ANNOTATIONS,
  type OtherRow,
} from "../../executors/libkrun/settings/annotation_table.ts";
import { SETTERS, TYPES, valueRange } from "../../executors/libkrun/settings/annotation_words.ts";
import { ADMINISTRATOR_FILES, type AdministratorFile, IMAGE_KEYS } from "../administrator_file.ts";
import { MAX_CPUS, MAX_RAM_MIB, MIN_RAM_MIB } from "../microvm_bounds.ts";
import { MANUAL } from "./manual.ts";
import * as roff from "./roff.ts";

const { bold, italic, text } = roff;

/** `date` as `2026-11-29`. */
export function microvmPage(date: string): string {
  return [
    roff.header("kago-microvm", 7, date, MANUAL),
    roff.name("kago-microvm", "containers as microVMs of libkrun"),
    roff.section("description", ...DESCRIPTION.map((words) => roff.paragraph(marked(words)))),
    roff.section(
      "files",
      ...FILES.map(([file, words]) => roff.definition(bold(file), marked(words))),
      ...KEYS.map(([key, words]) => roff.definition(bold(key), marked(words))),
    ),
    roff.section(
      "annotations",
      ...Object.entries<AnnotationRow>(ANNOTATIONS).map(([name, row]) => entry(name, row)),
    ),
    roff.section(
      "other annotations",
      ...Object.entries<OtherRow>(OTHER_ANNOTATIONS).map(([name, { help, setBy, why }]) =>
        roff.definition(bold(name), marked(`${help} Set by ${SETTERS[setBy]}. ${why}`))
      ),
    ),
    roff.section(
      "examples",
      roff.paragraph(text("Run an image as a microVM with two processors:")),
      roff.example("podman --runtime krun run --rm --annotation krun.cpus=2 alpine uname -a"),
    ),
    roff.section(
      "see also",
      roff.paragraph(`${bold("kago")}(1), ${bold("kago-run")}(1), ${bold("kago-doctor")}(1)`),
    ),
  ].join("");
}

const DESCRIPTION = [
  "A container runs as a microVM when its annotation `run.oci.handler` is `krun`, when kago is called with " +
  "`--handler krun`, or when kago is called by the name `krun`. The guest has a kernel of its own, that of libkrunfw, and " +
  "the files of the container's root filesystem. The VMM, which is a process with libkrun, runs in the container's " +
  "namespaces and cgroup, as the container's user.",
  "Annotations in config.json configure the guest. Images and pods can set annotations too, so those that expose the host " +
  "need the administrator's permission: `--allow-annotation` NAME, or `allowAnnotations` in /etc/kago/microvm.json.",
];

const FILES = [
  [
    ADMINISTRATOR_FILES[0],
    "The administrator's file: a JSON object with defaults for microVMs. An annotation overrides the image's " +
    "`/.krun_vm.json`, which overrides this file. It must belong to root and be writable by nobody else. `kago doctor` shows " +
    "the values in force, `kago plan` those of one container. Its keys, all optional, are below.",
  ],
  [
    ADMINISTRATOR_FILES[1],
    "The distribution's file, of the same form; if both have a key, the one in /etc wins.",
  ],
] as const;

const KEYS: readonly (readonly [keyof AdministratorFile, string])[] = [
  ["libkrun", "Absolute path of the library."],
  ["kernel", "Absolute path of a libkrunfw, the library that contains the guest's kernel."],
  ["passt", "Absolute path of passt(1)."],
  ["cpus", `Virtual processors, 1 to ${MAX_CPUS}, lowered to what the container's limits allow.`],
  ["ramMib", `Memory in MiB, ${MIN_RAM_MIB} to ${MAX_RAM_MIB}, lowered in the same way.`],
  ["network", "`tsi`, `passt`, or `none` for loopback alone."],
  ["disks", "A list of disks, each like an item of `krun.disk`."],
  ["daxWindow", "Bytes of the root's DAX window."],
  ["logLevel", "libkrun's log level, as in `krun.log_level`."],
  [
    "imageKeys",
    `Which keys an image's file may set: a list of ${IMAGE_KEYS.join(", ")}. Default: all.`,
  ],
  [
    "allowAnnotations",
    "Annotations that are allowed although they need the administrator's permission.",
  ],
];

function entry(name: string, row: AnnotationRow): string {
  const setBy = `Set by ${SETTERS[row.setBy]}. ${row.why}`;
  if (row.kind === "refused") {
    return roff.definition(bold(name), marked(`${row.help} Instead, ${row.instead}. ${setBy}`));
  }
  const value = `A value is ${TYPES[row.kind] === "integer" ? "an" : "a"} ${TYPES[row.kind]}: ${
    valueRange(row)
  }.`;
  const rest = `${value} Default: ${row.fallback}. ${setBy}`;
  return roff.definition(`${bold(name)}=${italic(row.example)}`, marked(`${row.help} ${rest}`));
}

/** Text in backquotes becomes bold. */
function marked(words: string): string {
  return words.split("`").map((part, i) => i % 2 === 1 ? bold(part) : text(part)).join("");
}
