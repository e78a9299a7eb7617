/** Which module carries out which command; each is loaded only when it is asked for. */
import type { CommandLoaders } from "./dispatch.ts";

export const LOADERS: CommandLoaders = {
  create: () => import("../commands/create.ts"),
  start: () => import("../commands/start.ts"),
  run: () => import("../commands/run.ts"),
  exec: () => import("../commands/exec.ts"),
  state: () => import("../commands/state.ts"),
  kill: () => import("../commands/kill.ts"),
  delete: () => import("../commands/delete.ts"),
  pause: () => import("../commands/pause.ts"),
  resume: () => import("../commands/resume.ts"),
  ps: () => import("../commands/ps.ts"),
  events: () => import("../commands/events.ts"),
  update: () => import("../commands/update.ts"),
  checkpoint: () => import("../commands/checkpoint.ts"),
  restore: () => import("../commands/restore.ts"),
  list: () => import("../commands/list.ts"),
  spec: () => import("../commands/spec.ts"),
  features: () => import("../commands/features.ts"),
  doctor: () => import("../commands/doctor.ts"),
  plan: () => import("../commands/plan.ts"),
};
