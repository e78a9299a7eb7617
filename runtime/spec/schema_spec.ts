/** The schema of the whole config.json, with root, mounts and hooks; the other parts have modules of their own. */
import {
  boolean,
  integer,
  list,
  object,
  once,
  optional,
  present,
  type Schema,
  string,
  stringMap,
  strings,
} from "./schema_base.ts";
import { idMappings, linuxSchema } from "./schema_linux.ts";
import { processSchema } from "./schema_process.ts";
import type { Hook, Hooks, Mount, Root, Spec } from "./spec.ts";

/** The schema of a config.json as it is in `value`. */
export function specSchema(value: unknown): Schema<Spec> {
  return present<Spec>(value, {
    ociVersion: string,
    root: () => object<Root>({ path: string(), readonly: optional(boolean()) }),
    mounts: () => list(mount()),
    process: processSchema,
    hostname: string,
    domainname: string,
    hooks,
    annotations: stringMap,
    linux: linuxSchema,
  }, { ociVersion: true });
}

function mount(): Schema<Mount> {
  return object<Mount>({
    destination: string(),
    type: optional(string()),
    source: optional(string()),
    options: optional(strings()),
    uidMappings: optional(idMappings()),
    gidMappings: optional(idMappings()),
  });
}

function hooks(value: unknown): Schema<Hooks> {
  const hookList = once(() => list(hook()));
  return present<Hooks>(value, {
    prestart: hookList,
    createRuntime: hookList,
    createContainer: hookList,
    startContainer: hookList,
    poststart: hookList,
    poststop: hookList,
  }, {});
}

function hook(): Schema<Hook> {
  return object<Hook>({
    path: string(),
    args: optional(strings()),
    env: optional(strings()),
    timeout: optional(integer(1, 0x7fffffff)),
  });
}
