/** The completion script for bash: one function, with a branch for each command. */
import { shellWord } from "../common/shell_word.ts";
import { GLOBAL_OPTIONS } from "./common_options.ts";
import {
  ALL_COMMANDS,
  COMMAND_NAMES,
  optionsOf,
  SHELLS,
  spellings,
  takesContainer,
  valueKind,
  withValue,
} from "./completion_table.ts";
import type { Command, Option } from "./options.ts";

/** `at` is the command's index, `given` how many words after it are neither options nor values of those in $1. */
const FUNCTIONS = `# bash completion for kago(1)
_kago_words() { COMPREPLY=($(compgen -W "$1" -- "$word")); }
_kago_files() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen "$1" -- "$word")); }
_kago_ids() { "\${COMP_WORDS[0]}" \${root:+--root "$root"} list --quiet 2>/dev/null; }
_kago_count() {
  local i
  given=0
  for ((i = at + 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*)
        if [[ " $1 " == *" \${COMP_WORDS[i]} "* ]]; then
          [[ "\${COMP_WORDS[i + 1]}" == = ]] && ((i += 1))
          ((i += 1))
        fi ;;
      *) ((given += 1)) ;;
    esac
  done
}
`;

/** bash splits `--root=/run` into three words. */
const FIND_COMMAND =
  `  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  local command= root= at given
  if [[ "$word" == = ]]; then word=; elif [[ "$before" == = ]]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      VALUES)
        local option="\${COMP_WORDS[at]}"
        [[ "\${COMP_WORDS[at + 1]}" == = ]] && ((at += 1))
        ((at += 1))
        [[ "$option" == --root ]] && root="\${COMP_WORDS[at]}" ;;
      -*) ;;
      *) command="\${COMP_WORDS[at]}"; break ;;
    esac
  done
`;

export function bashScript(): string {
  const globals = withValue(GLOBAL_OPTIONS).join(" | ");
  return [
    FUNCTIONS + "_kago() {",
    FIND_COMMAND.replace("VALUES", () => globals) + '  case "$command" in',
    '    "")',
    ...optionLines(GLOBAL_OPTIONS),
    `      _kago_words ${shellWord(COMMAND_NAMES.join(" ") + " help")} ;;`,
    `    help) _kago_words ${shellWord(COMMAND_NAMES.join(" "))} ;;`,
    ...ALL_COMMANDS.flatMap(([name, command]) => branch(name, command)),
    "  esac",
    "}",
    "complete -F _kago kago krun",
    "",
  ].join("\n");
}

function branch(name: string, command: Command): string[] {
  const options = optionsOf(command);
  return [
    `    ${name})`,
    ...optionLines(options),
    `      _kago_count ${shellWord(withValue(options).join(" "))}`,
    '      case "$given" in',
    ...positionalLines(name, command),
    "      esac ;;",
  ];
}

/** Completes the value of the preceding option, and options. */
function optionLines(options: readonly Option[]): string[] {
  const all = options.flatMap(spellings).join(" ");
  return [
    '      case "$before" in',
    ...options.filter((option) => valueKind(option) !== "none").map((option) =>
      `        ${spellings(option).join(" | ")}) ${valueWords(option)}return ;;`
    ),
    "      esac",
    `      case "$word" in -*) _kago_words ${shellWord(all)}; return ;; esac`,
  ];
}

function valueWords(option: Option): string {
  const kind = valueKind(option);
  if (kind === "choice") return `_kago_words ${shellWord(option.choices!.join(" "))}; `;
  if (kind === "folder") return "_kago_files -d; ";
  return kind === "file" ? "_kago_files -f; " : "";
}

function positionalLines(name: string, command: Command): string[] {
  const first = takesContainer(name, command)
    ? '"$(_kago_ids)"'
    : shellWord(name === "completion" ? SHELLS.join(" ") : "");
  return [
    `        0) _kago_words ${first} ;;`,
    ...(name === "kill" ? ['        1) _kago_words "$(compgen -A signal SIG)" ;;'] : []),
    ...(command.stopAtPositional ? ["        *) _kago_files -f ;;"] : []),
  ];
}
