/** The manual pages, from the command table: kago(1), and a page for each command. Loaded only on request. */
import { capital } from "./capital.ts";
import { type CommandName, COMMANDS } from "./command_table.ts";
import { GLOBAL_OPTIONS, HELP_OPTION } from "./common_options.ts";
import { EXAMPLES } from "./examples.ts";
import { GLOBAL_GROUPS, type Groups, inGroups, OPTION_GROUPS } from "./groups.ts";
import { optionNote, positionalUsage } from "./help.ts";
import type { Command, Option } from "./options.ts";
import * as roff from "./roff.ts";

const { bold, italic, text } = roff;

/** The title of the manual. */
export const MANUAL = "kago manual";

const ALL = Object.entries<Command>(COMMANDS) as readonly (readonly [CommandName, Command])[];

/** The page kago(1), or the page kago-COMMAND(1) of a command; `date` as `2026-11-29`. */
export function manualPage(command: CommandName | undefined, date: string): string {
  return command === undefined ? mainPage(date) : commandPage(command, COMMANDS[command], date);
}

function mainPage(date: string): string {
  return [
    roff.header("kago", 1, date, MANUAL),
    roff.name("kago", "an OCI container runtime for microVMs and ordinary containers"),
    roff.section(
      "synopsis",
      roff.paragraph(
        `${bold("kago")} [${italic("GLOBAL OPTION")}]... ${italic("COMMAND")} ` +
          `[${italic("OPTION")}]... [${italic("ARGUMENT")}]...`,
      ),
    ),
    roff.section("description", roff.paragraph(text(DESCRIPTION))),
    roff.section(
      "commands",
      ...ALL.map(([command, { summary }]) =>
        roff.definition(bold(`kago-${command}`) + "(1)", text(`${capital(summary)}.`))
      ),
    ),
    roff.section("global options", ...optionEntries(GLOBAL_OPTIONS, GLOBAL_GROUPS)),
    roff.section("exit status", roff.paragraph(text(EXIT_STATUS))),
    roff.section(
      "files",
      ...FILES.map(([path, meaning]) => roff.definition(italic(path), text(meaning))),
    ),
    roff.section(
      "see also",
      roff.paragraph(
        [
          `${bold("kago-microvm")}(7)`,
          ...["podman", "runc", "crun"].map((page) => `${bold(page)}(1)`),
        ].join(", "),
      ),
    ),
  ].join("");
}

const DESCRIPTION =
  "kago runs containers as specified by the OCI Runtime Specification. A container is created from a bundle, which is a " +
  "directory with a config.json and a root filesystem. podman, Docker, containerd, buildah and CRI-O call kago in place of " +
  "runc or crun, and it can be called by hand. With the handler krun, or when called by the name krun, kago runs a " +
  "container as a libkrun microVM, otherwise as an ordinary Linux container.";

const EXIT_STATUS =
  "0 on success, 1 on an error of kago itself, which is logged. run, restore and exec exit with the status of the " +
  "process, or with 128 plus the number of the signal that ended it. exec exits with 255 on an error of kago itself.";

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["/run/kago", "State of root's containers, and the cache of kago."],
  ["$XDG_RUNTIME_DIR/kago", "State of the containers of any other user."],
];

function commandPage(command: CommandName, entry: Command, date: string): string {
  const { summary, details, options, positionals } = entry;
  const usage = [
    bold(`kago ${command}`),
    ...(options.length > 0 ? [`[${italic("OPTION")}]...`] : []),
    ...positionals.map((positional) => italic(positionalUsage(positional))),
  ];
  return [
    roff.header(`kago-${command}`, 1, date, MANUAL),
    roff.name(`kago-${command}`, summary),
    roff.section("synopsis", roff.paragraph(usage.join(" "))),
    roff.section(
      "description",
      roff.paragraph(text([`${capital(summary)}.`, details ?? ""].join(" ").trim())),
    ),
    roff.section(
      "options",
      ...optionEntries([...options, HELP_OPTION], OPTION_GROUPS[command]),
    ),
    roff.section(
      "examples",
      ...EXAMPLES[command].map(({ what, command: line }) =>
        roff.paragraph(text(what)) + roff.example(line)
      ),
    ),
    roff.section("see also", roff.paragraph(`${bold("kago")}(1)`)),
  ].join("");
}

/** In the groups of the help, if there are several. */
function optionEntries(options: readonly Option[], groups: Groups = []): string[] {
  const grouped = inGroups(options, groups, ({ name }) => name, "Other options");
  if (grouped.length === 1) return options.map(optionEntry);
  return grouped.map(([heading, members]) => roff.subsection(heading, ...members.map(optionEntry)));
}

function optionEntry(option: Option): string {
  const spelling = [
    ...(option.short === undefined ? [] : [bold(`-${option.short}`)]),
    bold(`--${option.name}`),
  ].join(", ");
  const value = option.placeholder === undefined ? "" : ` ${italic(option.placeholder)}`;
  return roff.definition(spelling + value, text(`${capital(option.help)}${optionNote(option)}.`));
}
