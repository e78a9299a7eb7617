/** `deno task check`: all checks of the sources that do not run them. All checks run; one failure fails. */
import { listSources } from "./build/helpers.ts";
import { ROOT } from "./build/paths.ts";

const DENO = Deno.execPath();
const C_FLAGS = [
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-D_GNU_SOURCE",
  "-std=c11",
  "-fsyntax-only",
];

interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

const CHECKS: readonly Check[] = [
  // Generates ffi/embedded.gen.ts, and compiles the C sources as for the product.
  { name: "C helpers", command: [DENO, "run", "-A", "scripts/build.ts", "--only", "helpers"] },
  { name: "formatting", command: [DENO, "fmt", "--check", "--quiet"] },
  { name: "formatting of C", command: [DENO, "run", "-A", "scripts/format_c.ts", "--check"] },
  { name: "lint", command: [DENO, "lint", "--quiet"] },
  {
    name: "generated operations",
    command: [DENO, "run", "-A", "scripts/generate_ops.ts", "--check"],
  },
  {
    name: "generated calls",
    command: [DENO, "run", "-A", "scripts/generate_calls.ts", "--check"],
  },
  { name: "types", command: [DENO, "check", "--quiet", "main.ts", "scripts", "tests"] },
  { name: "import direction", command: [DENO, "run", "-A", "scripts/check_imports.ts"] },
  { name: "security", command: [DENO, "run", "-A", "scripts/lint_security.ts"] },
  { name: "words", command: [DENO, "run", "-A", "scripts/check_words.ts"] },
  {
    name: "C warnings",
    command: ["cc", ...C_FLAGS, ...helperSources(), ...cSources("scripts/bench")],
  },
];

function helperSources(): string[] {
  return listSources().filter((name) => name.endsWith(".c")).map((name) => `helper-c/${name}`);
}

function cSources(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)]
    .filter(({ name }) => name.endsWith(".c"))
    .map(({ name }) => `${folder}/${name}`)
    .sort();
}

function runCheck({ name, command }: Check): boolean {
  const [program, ...args] = command;
  const { success } = new Deno.Command(program!, {
    args,
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1" },
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  console.log(`${success ? "ok" : "FAILED"}  ${name}`);
  return success;
}

if (import.meta.main) {
  const failed = CHECKS.filter((check) => !runCheck(check));
  Deno.exit(failed.length === 0 ? 0 : 1);
}
