/** The module of each command; it is loaded only when it is needed. */
import type { CommandLoaders } from "../cli/dispatch.ts";

export const LOADERS: CommandLoaders = {
  create: () => import("./create.ts"),
  start: () => import("./start.ts"),
  run: () => import("./run.ts"),
  exec: () => import("./exec.ts"),
  state: () => import("./state.ts"),
  kill: () => import("./kill.ts"),
  delete: () => import("./delete.ts"),
  pause: () => import("./pause.ts"),
  resume: () => import("./resume.ts"),
  ps: () => import("./ps.ts"),
  events: () => import("./events.ts"),
  update: () => import("./update.ts"),
  checkpoint: () => import("./checkpoint.ts"),
  restore: () => import("./restore.ts"),
  list: () => import("./list.ts"),
  spec: () => import("./spec.ts"),
  features: () => import("./features.ts"),
  doctor: () => import("./doctor.ts"),
  completion: () => import("./completion.ts"),
  manual: () => import("./manual.ts"),
  plan: () => import("./plan.ts"),
};
