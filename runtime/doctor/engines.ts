/** The container engines on the host, and whether their configuration names kago. */
import { variable } from "../../ffi/environment.ts";
import { findProgram } from "../find_program.ts";
import { bad, type Finding, good } from "../finding.ts";
import { listFolder, readText } from "../host_files.ts";

export interface Engine {
  readonly name: string;
  readonly program: string;
  /** Files, and folders that end in a slash, which stand for their files. */
  readonly configuration: readonly string[];
  /** A line that configures kago as a runtime. */
  readonly pattern: RegExp;
  readonly remedy: string;
}

const INSTALL = "run kago's install.sh";

export const ENGINES: readonly Engine[] = [
  {
    name: "podman",
    program: "podman",
    configuration: [
      "/usr/share/containers/containers.conf",
      "/etc/containers/containers.conf",
      "/etc/containers/containers.conf.d/",
      "$CONFIG/containers/containers.conf",
      "$CONFIG/containers/containers.conf.d/",
    ],
    pattern: /^\s*(kago\s*=|runtime\s*=\s*"(.*\/)?kago")/m,
    remedy: `${INSTALL}, or use podman --runtime $(command -v kago)`,
  },
  {
    name: "Docker",
    program: "dockerd",
    configuration: ["/etc/docker/daemon.json"],
    pattern: /"kago"\s*:/,
    remedy: `${INSTALL} and merge its snippet into /etc/docker/daemon.json`,
  },
  {
    name: "containerd",
    program: "containerd",
    configuration: ["/etc/containerd/config.toml", "/etc/containerd/conf.d/"],
    pattern: /BinaryName\s*=\s*["'](.*\/)?kago["']/,
    remedy: `${INSTALL} and add what it prints to containerd's configuration`,
  },
  {
    name: "CRI-O",
    program: "crio",
    configuration: ["/etc/crio/crio.conf", "/etc/crio/crio.conf.d/"],
    pattern: /runtime_path\s*=\s*"(.*\/)?kago"/,
    remedy: `${INSTALL} and put what it prints into /etc/crio/crio.conf.d`,
  },
];

/** @param texts of the engine's configuration files. */
export function judgeEngine(
  { name, pattern, remedy }: Engine,
  program: string,
  texts: readonly string[],
): Finding {
  if (texts.some((text) => pattern.test(text))) {
    return good("engines", name, "is configured for kago");
  }
  return bad("engines", name, `${program} is not configured for kago`, remedy);
}

/** One finding for each engine that is installed. */
export function engineFindings(): Finding[] {
  const findings = ENGINES.flatMap((engine) => {
    const program = findProgram(engine.program);
    if (!program) return [];
    return [judgeEngine(engine, program, engine.configuration.flatMap(readAll))];
  });
  return findings.length > 0 ? findings : [good("engines", "engines", "none is installed")];
}

function readAll(place: string): string[] {
  const home = variable("HOME");
  const config = variable("XDG_CONFIG_HOME") ?? (home ? `${home}/.config` : "/nonexistent");
  const path = place.replace("$CONFIG", config);
  const files = path.endsWith("/") ? listFolder(path).map((name) => `${path}${name}`) : [path];
  return files.map(readText).filter((text) => text !== undefined);
}
