/** The schema of the whole config.json, with root, mounts and hooks; the other parts have modules of their own. */
import { list, object } from "./schema_base.ts";
import { boolean, integer, string, stringMap, strings } from "./schema_leaf.ts";
import { idMappings, linuxSchema } from "./schema_linux.ts";
import { processSchema } from "./schema_process.ts";
import type { Hook, Hooks, Mount, Root, Spec } from "./spec.ts";

const mount = object<Mount>({ destination: string }, {
  type: string,
  source: string,
  options: strings,
  uidMappings: idMappings,
  gidMappings: idMappings,
});

const hookList = list(
  object<Hook>({ path: string }, { args: strings, env: strings, timeout: integer(1, 0x7fffffff) }),
);

const hooks = object<Hooks>({}, {
  prestart: hookList,
  createRuntime: hookList,
  createContainer: hookList,
  startContainer: hookList,
  poststart: hookList,
  poststop: hookList,
});

export const specSchema = object<Spec>({ ociVersion: string }, {
  root: object<Root>({ path: string }, { readonly: boolean }),
  mounts: list(mount),
  process: processSchema,
  hostname: string,
  domainname: string,
  hooks,
  annotations: stringMap,
  linux: linuxSchema,
});
