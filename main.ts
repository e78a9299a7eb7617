/**
 * kago: an OCI container runtime. This module dispatches to a command, and is the one place that turns errors into log
 * entries and exit codes.
 */
import { tidyCodeCache } from "./ffi/code_cache.ts";
import { leave } from "./ffi/leave.ts";
import { runCommand } from "./runtime/cli/dispatch.ts";
import { LOADERS } from "./runtime/commands/loaders.ts";
import { print } from "./runtime/cli/output.ts";
import { type CommandLine, parseCommand, parseGlobalOptions } from "./runtime/cli/parse.ts";
import { createLogger, type Logger, requireLogFile } from "./runtime/log.ts";
import { onPhase, phase } from "./runtime/common/phases.ts";
import { UnknownNameError } from "./runtime/common/errors.ts";
import { withoutLongWords } from "./runtime/common/quoted.ts";

/** As runc: 1 for every failure of the runtime itself, which `exec` must tell from its process's own. */
const FAILURE = 1;
const EXEC_FAILURE = 255;

async function main(args: readonly string[]): Promise<number> {
  let logger = createLogger({ format: "text", debug: false });
  let failure = FAILURE;
  try {
    const opening = parseGlobalOptions(args);
    const { log, logFormat, debug } = opening.global;
    if (log) requireLogFile(log);
    logger = createLogger({ file: log || undefined, format: logFormat, debug });
    if (debug) onPhase(logger.debug);
    if (opening.rest[0] === "exec") failure = EXEC_FAILURE;
    const commandLine = parseCommand(opening);
    phase("command line read");
    const code = await carryOut(commandLine, logger);
    phase("command done");
    tidy(logger);
    return code;
  } catch (error) {
    logger.error(error instanceof UnknownNameError ? await suggest(error) : messageOf(error));
    for (const cause of causesOf(error)) logger.debug(`caused by ${cause}`);
    return failure;
  }
}

/** The command is done, and its outcome is not the cache's. */
function tidy(logger: Logger): void {
  try {
    tidyCodeCache();
  } catch (error) {
    logger.debug(`the cache of bytecode: ${messageOf(error)}`);
  }
}

async function carryOut(commandLine: CommandLine, logger: Logger): Promise<number> {
  if (commandLine.kind === "version") {
    const { versionText } = await import("./runtime/version.ts");
    print(`${versionText()}\n`);
    return 0;
  }
  if (commandLine.kind === "help") {
    const { helpText } = await import("./runtime/cli/help.ts");
    print(`${helpText(commandLine.command)}\n`);
    return 0;
  }
  return await runCommand(LOADERS, commandLine.invocation, logger);
}

async function suggest(error: UnknownNameError): Promise<string> {
  const { withSuggestion } = await import("./runtime/cli/suggestion.ts");
  return withoutLongWords(withSuggestion(error));
}

function messageOf(error: unknown): string {
  return withoutLongWords(error instanceof Error ? error.message : String(error));
}

function* causesOf(error: unknown): Generator<string> {
  const causes = error instanceof AggregateError ? error.errors : [(error as Error)?.cause];
  for (const cause of causes) {
    if (!(cause instanceof Error)) continue;
    yield `${cause.name}: ${cause.message}`;
    yield* causesOf(cause);
  }
}

leave(await main(Deno.args));
