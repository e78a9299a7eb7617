/**
 * The table of what is measured: which commands, after which others, and how many containers at a time. The runtimes
 * are in contenders.ts, the execution is in rounds.ts. tests/engines/calls_test.ts checks that engines call a runtime
 * as in the lives here.
 */
import type { Bundles } from "./bundle.ts";

/** The number of containers of a measurement. Figures are always per container. */
export interface Way {
  readonly name: string;
  readonly copies: number;
  readonly parallel?: true;
  /** It is measured in every n-th round. */
  readonly every: number;
}

export const ALONE = { name: "alone", copies: 1, every: 1 } as const satisfies Way;
export const TEN = { name: "ten in a row", copies: 10, every: 3 } as const satisfies Way;
const TWENTY = { name: "20 at once", copies: 20, parallel: true, every: 6 } as const satisfies Way;
export const HUNDRED = {
  ...{ name: "100 at once", copies: 100, parallel: true, every: 6 } as const,
} satisfies Way;
export const WAYS: readonly Way[] = [ALONE, TEN, TWENTY, HUNDRED];

/** The number of containers that `list` finds. */
export const CROWD = 200;

/** The values for a command line. `{}` in a value becomes the number of the copy. */
export interface Place {
  readonly id: string;
  readonly pidFile: string;
  readonly log: string;
  readonly bundles: Bundles;
}

/** A runtime's arguments after its `--root`, or one of measure.c's own commands. */
export type Command = (place: Place) => readonly string[];

export interface Step {
  /** Absent: the step is run, not measured. */
  readonly name?: string;
  readonly commands: readonly Command[];
  /** It moves processes between cgroups: see REST_MS in rounds.ts. */
  readonly rested?: true;
}

/** Steps that share their containers; none is left after the last step. */
export interface Scene {
  readonly steps: readonly Step[];
  readonly ways: readonly Way[];
  /** It uses the containers that rounds.ts has created beforehand. */
  readonly crowd?: true;
  /** It sets limits. */
  readonly controllers?: true;
}

const WAIT: Command = ({ pidFile }) => ["wait", pidFile];
const CPU: Command = ({ pidFile }) => ["cpu", pidFile];

/** Commands of measure.c, not of a runtime. */
export const OWN_COMMANDS: readonly string[] = ["wait", "cpu"];

function create(bundle: keyof Bundles): Command {
  return ({ id, pidFile, bundles }) => [
    ...["create", "--bundle", bundles[bundle], "--pid-file", pidFile, id],
  ];
}

function run(bundle: keyof Bundles): Command {
  return ({ id, bundles }) => ["run", "--bundle", bundles[bundle], id];
}

/** `WORDS... ID MORE...` */
function about(words: string, ...more: string[]): Command {
  return ({ id }) => [...words.split(" "), id, ...more];
}

/** As containerd's shim calls runc. */
function logged(command: Command): Command {
  return (place) => ["--log", place.log, "--log-format", "json", ...command(place)];
}

function runScene(name: string, bundle: keyof Bundles, ...ways: Way[]): Scene {
  return { steps: [{ name, commands: [run(bundle)], rested: true }], ways };
}

function lifeScene(engine: string, ways: readonly Way[], ...commands: Command[]): Scene {
  return { steps: [{ name: `life, ${engine}`, commands, rested: true }], ways };
}

/** In the order of the report. */
export const SCENES: readonly Scene[] = [
  runScene("run", "brief", ...WAYS),
  { ...runScene("run with limits", "limited", ALONE, TEN), controllers: true },
  runScene("run with seccomp", "filtered", ALONE, TEN),
  {
    ways: [ALONE, TEN],
    steps: [
      // The work of Init until then is included, though create does not wait for its end.
      { name: "create", commands: [create("lasting"), CPU], rested: true },
      { name: "start", commands: [about("start")] },
      { name: "state", commands: [about("state")] },
      { name: "exec", commands: [about("exec", "/bin/true")], rested: true },
      { name: "pause", commands: [about("pause")] },
      { name: "resume", commands: [about("resume")] },
      { name: "kill", commands: [about("kill", "KILL")] },
      { commands: [WAIT] },
      { name: "delete", commands: [about("delete")] },
      { name: "delete --force, gone", commands: [about("delete --force")] },
    ],
  },
  {
    ways: [ALONE, TEN],
    steps: [
      { commands: [create("brief"), about("start"), WAIT] },
      { name: "delete --force", commands: [about("delete --force")] },
    ],
  },
  {
    ways: [ALONE, TEN],
    steps: [{ name: `list of ${CROWD}`, commands: [() => ["list"]] }],
    crowd: true,
  },
  lifeScene(
    ...["podman", WAYS] as const,
    ...[create("filtered"), about("start"), WAIT, about("delete --force")],
  ),
  lifeScene(
    ...["buildah", [ALONE, TEN]] as const,
    ...[create("filtered"), about("start"), about("state"), WAIT, about("state"), about("delete")],
  ),
  lifeScene(
    ...["ctr", [ALONE, TEN]] as const,
    ...[logged(create("brief")), logged(about("start")), WAIT],
    ...[logged(about("delete")), logged(about("delete --force"))],
  ),
];

/** The commands of a life without measure.c's own, for a comparison with an engine's calls. */
export function commandsOfLife(engine: string, place: Place): (readonly string[])[] {
  const steps = SCENES.flatMap(({ steps }) => steps);
  const { commands } = steps.find(({ name }) => name === `life, ${engine}`)!;
  return commands.map((command) => command(place)).filter(([word]) =>
    !OWN_COMMANDS.includes(word!)
  );
}
