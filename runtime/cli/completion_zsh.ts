/** The completion script for zsh: _arguments (zshcompsys) for the global options, and again for each command. */
import { shellWord } from "../common/shell_word.ts";
import { GLOBAL_OPTIONS } from "./common_options.ts";
import {
  ALL_COMMANDS,
  optionsOf,
  SHELLS,
  spellings,
  takesContainer,
  valueKind,
} from "./completion_table.ts";
import type { Command, Option } from "./options.ts";

const IDS = `_kago_ids() {
  local -a ids
  ids=(\${(f)"$($service $kago_root list --quiet 2>/dev/null)"})
  compadd -a ids
}`;

export function zshScript(): string {
  const described = ALL_COMMANDS.map(([name, { summary }]) =>
    shellWord(`${name}:${summary.replaceAll(":", "\\:")}`)
  );
  const globals = GLOBAL_OPTIONS.flatMap(specs).join(" ");
  return `#compdef kago krun
# zsh completion for kago(1)
${IDS}
_kago_commands() {
  local -a all=(${described.join(" ")})
  _describe command all
}
_kago() {
  local context state line
  local -a kago_root=()
  local -A opt_args
  _arguments -C ${globals} '1:command:_kago_commands' '*::argument:->arguments'
  [[ -n \${opt_args[--root]} ]] && kago_root=(--root \${(Q)opt_args[--root]})
  [[ $state == arguments ]] || return
  case $words[1] in
    help) _kago_commands ;;
${ALL_COMMANDS.map(([name, command]) => branch(name, command)).join("\n")}
  esac
}
_kago "$@"
`;
}

function branch(name: string, command: Command): string {
  const all = optionsOf(command).flatMap(specs);
  if (takesContainer(name, command)) all.push(shellWord("1:ID:_kago_ids"));
  if (name === "completion") all.push(shellWord(`1:SHELL:(${SHELLS.join(" ")})`));
  if (name === "kill") all.push(shellWord("2:SIGNAL:_signals"));
  if (command.stopAtPositional) all.push(shellWord("*:word:_files"));
  return `    ${name}) _arguments ${all.join(" ")} ;;`;
}

/** `(-b --bundle)-b[help]:DIR:_files -/`, one for each spelling. */
function specs(option: Option): string[] {
  const help = option.help.replaceAll(/[[\]:\\]/g, "\\$&");
  const value = valueKind(option) === "none" ? "" : `:${option.placeholder}:${action(option)}`;
  const all = spellings(option);
  const excluded = option.kind === "list" ? "*" : all.length > 1 ? `(${all.join(" ")})` : "";
  return all.map((spelling) => shellWord(`${excluded}${spelling}[${help}]${value}`));
}

function action(option: Option): string {
  const kind = valueKind(option);
  if (kind === "choice") return `(${option.choices!.join(" ")})`;
  if (kind === "folder") return "_files -/";
  return kind === "file" ? "_files" : " ";
}
