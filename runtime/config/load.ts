/**
 * Reads a file into a checked spec: size limits, and the error for the first problem. The schema modules define the valid
 * form, checks.ts the meaning.
 */
import { describeErrno, errnoOf, SpecError } from "../common/errors.ts";
import { checkSpec } from "../spec/checks/checks.ts";
import { checkHost } from "../spec/checks/host_checks.ts";
import { parseJson } from "../spec/json.ts";
import { formatPath } from "../spec/json_path.ts";
import { refuseNul } from "../spec/nul.ts";
import { accepts } from "../spec/schema/accepts.ts";
import { processRule } from "../spec/schema/process.ts";
import { resourcesRule } from "../spec/schema/resources.ts";
import type { AnyPlace } from "../spec/schema/rule.ts";
import { specRule } from "../spec/schema/spec.ts";
import type { Process, Resources, Spec } from "../spec/spec.ts";

/** Bytes. The largest real configs, with generated seccomp profiles, have some 100 KiB. */
const MAX_SIZE = 16 * 1024 * 1024;

export interface LoadedSpec {
  readonly spec: Spec;
  /** The text of the file. */
  readonly text: string;
  /** One sentence each, without a full stop: properties that are ignored or read leniently. */
  readonly warnings: readonly string[];
}

/**
 * Reads and checks the config of a bundle.
 * @param bundle folder, absolute or relative to the working directory.
 * @param config the file's name in the bundle.
 * @throws {SpecError} when it cannot be read, is not JSON, or breaks the spec.
 */
export async function loadSpec(bundle: string, config = "config.json"): Promise<LoadedSpec> {
  const path = `${bundle}/${config}`;
  const text = readConfig(path);
  const spec = await parseSpec(text, path);
  const warnings = checkSpec(spec);
  checkHost(spec);
  return { spec, text, warnings };
}

/**
 * Parses a config.json by the schema; checkSpec() is the second half.
 * @param file the name in errors about text that is not JSON.
 * @throws {SpecError} for text that is not JSON or has a NUL, and for the first problem, with the number of further ones.
 */
export function parseSpec(text: string, file = "config.json"): Promise<Spec> {
  return validate(text, specRule, [], file);
}

/**
 * Parses the process of `exec --process`; checkProcess() is the second half. Errors name places as `process.args`.
 * @throws {SpecError} as parseSpec() does.
 */
export function parseProcess(text: string): Promise<Process> {
  return validate(text, processRule, ["process"], "the process");
}

/**
 * Parses the resources of `update --resources`; checkResources() is the second half. Errors name places as
 * `linux.resources.memory`.
 * @throws {SpecError} as parseSpec() does.
 */
export function parseResources(text: string): Promise<Resources> {
  return validate(text, resourcesRule, ["linux", "resources"], "the resources");
}

async function validate<T>(
  text: string,
  rule: AnyPlace,
  place: readonly string[],
  file: string,
): Promise<T> {
  const value = parseJson(text, file);
  refuseNul(text, value, place);
  if (!accepts(rule, value)) throw await problemOf(rule, value, place, file);
  return value as T;
}

/** Imports zod, which a valid config does not need. */
async function problemOf(
  rule: AnyPlace,
  value: unknown,
  place: readonly string[],
  file: string,
): Promise<SpecError> {
  const { explain } = await import("../spec/schema/explain.ts");
  const [first, ...more] = explain(rule, value);
  const others = more.length === 0
    ? ""
    : `, and ${more.length} more problem${more.length > 1 ? "s" : ""}`;
  const path = formatPath([...place, ...first.path]);
  return new SpecError(path, `${path ? "" : `${file}: `}${first.text}${others}`);
}

function readConfig(path: string): string {
  try {
    const { size } = Deno.statSync(path);
    if (size > MAX_SIZE) {
      throw new SpecError("", `${path} has ${size} bytes, more than the ${MAX_SIZE} allowed`);
    }
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof SpecError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new SpecError(
        "",
        `${path} does not exist: make one with \`kago spec\`, or name the bundle with --bundle`,
        { cause },
      );
    }
    throw new SpecError("", `cannot read ${path}: ${describeErrno(errnoOf(cause))}`, { cause });
  }
}
