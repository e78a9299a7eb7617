/** The schema of the whole config.json, with root, mounts and hooks; the other parts have their own modules. */
import { boolean, string, stringMap, strings } from "./leaf.ts";
import { idMappings, linuxRule } from "./linux.ts";
import { processRule } from "./process.ts";
import type { Rule } from "./rule.ts";
import type { Hook, Hooks, Mount, Root, Spec } from "../spec.ts";

const root: Rule<Root> = {
  kind: "object",
  required: { path: string },
  optional: { readonly: boolean },
};

const mount: Rule<Mount> = {
  kind: "object",
  required: { destination: string },
  optional: {
    type: string,
    source: string,
    options: strings,
    uidMappings: idMappings,
    gidMappings: idMappings,
  },
};

const hooks = (): Rule<Hooks> => {
  const hook: Rule<Hook> = {
    kind: "object",
    required: { path: string },
    optional: {
      args: strings,
      env: strings,
      timeout: { kind: "integer", minimum: 1, maximum: 0x7fffffff },
    },
  };
  const hookList: Rule<readonly Hook[]> = { kind: "list", item: hook };
  return {
    kind: "object",
    required: {},
    optional: {
      prestart: hookList,
      createRuntime: hookList,
      createContainer: hookList,
      startContainer: hookList,
      poststart: hookList,
      poststop: hookList,
    },
  };
};

export const specRule: Rule<Spec> = {
  kind: "object",
  required: { ociVersion: string },
  optional: {
    root,
    mounts: { kind: "list", item: mount },
    process: processRule,
    hostname: string,
    domainname: string,
    hooks,
    annotations: stringMap,
    linux: linuxRule,
  },
};
