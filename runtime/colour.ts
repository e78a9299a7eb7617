/** Colour at a terminal, unless NO_COLOR is set or the terminal has none (https://no-color.org, term(7)). */
import { variable } from "../ffi/environment.ts";

/** SGR parameters (console_codes(4)). */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;
export type Paint = (colour: Colour, text: string) => string;

/** Returns the function that colours text for standard output or standard error; without colour it changes nothing. */
export function colourOf(stream: "stdout" | "stderr"): Paint {
  const coloured = Deno[stream].isTerminal() && !variable("NO_COLOR") &&
    variable("TERM") !== "dumb";
  return coloured ? (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m` : (_, text) => text;
}
