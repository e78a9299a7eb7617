/** C constants that the entry stub's commands share with the program: options, ids, default root, files, signals. */
import { GLOBAL_OPTIONS } from "../../runtime/cli/common_options.ts";
import type { Option } from "../../runtime/cli/options.ts";
import { SIGNAL_MAX, SIGNALS } from "../../runtime/cli/signals.ts";
import { DEFAULT_ROOT, ID_MAX, isValidId, PLAIN_FILES } from "../../runtime/state/names.ts";

/** The ASCII characters that an id may contain. */
const ID_CHARACTERS = Array.from({ length: 127 }, (_, code) => String.fromCharCode(code))
  .filter((character) => isValidId(`a${character}`)).join("");

/** The options that the stub knows by name, and those that it leaves to the program. */
const OTHERS = ["root", "log", "log-level", "debug", "version", "help"];

/** Options that do not affect the stub. */
const IDLE: readonly Option[] = GLOBAL_OPTIONS.filter(({ name }) => !OTHERS.includes(name));
const CHOICES = IDLE.flatMap(({ name, choices = [] }) => choices.map((word) => `${name}=${word}`));
const [FLAGS, VALUES] = [true, false].map((isFlag) =>
  IDLE.filter(({ kind, choices }) => (kind === "boolean") === isFlag && !choices)
    .map(({ name }) => name)
);

function list(strings: readonly string[]): string {
  return `"${strings.map((text) => `${text}\\0`).join("")}"`;
}

/** The text of shortcut.gen.h. A byte with a signal's number precedes its name; lists are as in strings.h. */
export function shortcutHeaderToC(): string {
  const signals = Object.entries(SIGNALS).map(([name, number]) =>
    `"\\${number.toString(8).padStart(3, "0")}" "${name}\\0" \\\n`
  );
  return `/* Written by scripts/build/shortcut_header.ts. */
#define DEFAULT_ROOT "${DEFAULT_ROOT}"
#define ID_CHARACTERS "${ID_CHARACTERS}"
enum { ID_MAX = ${ID_MAX}, LAST_SIGNAL = ${SIGNAL_MAX}, DEFAULT_SIGNAL = ${SIGNALS.TERM} };
#define OWN_FILES ${list(PLAIN_FILES)}
#define IDLE_FLAGS ${list(FLAGS!)}
#define IDLE_OPTIONS ${list(VALUES!)}
#define IDLE_CHOICES ${list(CHOICES)}
#define SIGNAL_NAMES \\
  ${signals.join("  ")}  ""
`;
}
