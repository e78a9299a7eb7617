/** Runs the tools of the build machine, and reports their failures. */
import { given } from "../../runtime/common/given.ts";

export interface ToolOptions {
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array<ArrayBuffer>;
}

/**
 * The standard output of a tool that must succeed.
 * @throws {Error} naming the command line, its exit code and its standard error.
 */
export async function tool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command(command, {
    args: [...args],
    ...given({ cwd: options.cwd, env: options.env }),
    stdin: options.stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = options.stdin ? feed(child.stdin, options.stdin) : Promise.resolve();
  const [output] = await Promise.all([child.output(), fed]);
  if (output.success) return output.stdout;
  const why = new TextDecoder().decode(output.stderr).trim();
  throw new Error(`${[command, ...args].join(" ")} ended with ${output.code}: ${why}`);
}

/** As tool(), as text without surrounding white space. */
export async function toolText(
  command: string,
  args: readonly string[],
  options?: ToolOptions,
): Promise<string> {
  return new TextDecoder().decode(await tool(command, args, options)).trim();
}

/** Announces a step that takes a while. */
export function tell(step: string): void {
  console.error(`emulated host: ${step}`);
}

/** Writes all of `data` and closes. */
export async function feed(stdin: WritableStream<Uint8Array>, data: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(data);
  await writer.close();
}
