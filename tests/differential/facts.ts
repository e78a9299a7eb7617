/**
 * Turns the probes' output into facts, `name → value`, that can be compared between runtimes: numbers that the kernel
 * assigns (mount ids, devices, peer groups, inodes, pids) are removed, paths of the bundle get a name.
 */

export type Facts = Map<string, string>;

/** Fields of proc_pid_status(5) that a runtime determines. */
const STATUS_FIELDS = new Set([
  ...["Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters"],
  ...["SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"],
]);

/** How the lines of a section become `[name, value]`; other sections are compared as a whole. */
const READERS: Readonly<Record<string, (line: string) => [string, string][]>> = {
  mountinfo: readMount,
  status: (line) => {
    const [name, value] = splitAt(line, ":");
    return STATUS_FIELDS.has(name) ? [[name, value.trim()]] : [];
  },
  limits: (line) => [[line.slice(0, 26).trim(), line.slice(26).replace(/\s+/g, " ").trim()]],
  environ: (line) => [splitAt(line, "=")],
  dev: (line) => [splitAt(line, "|")],
  root: (line) => [splitAt(line, "|")],
  namespaces: (line) => [splitAt(line, " ")],
  membership: (line) => [splitAt(line.slice(line.indexOf(":") + 1), ":")],
  cgroup: (line) => [splitAt(line.slice(line.indexOf(":") + 1), ":")],
  cgroupLimits: (line) => [splitAt(line, " ")],
  hooks: (line) => [["line", line]],
  "hooks on the host": (line) => [["line", line]],
  sysctl: (line) => [splitAt(line, " ")],
  place: (line) => [splitAt(line, " ")],
  fds: (line) => [splitAt(line, " ")],
  stat: (line) => [splitAt(line, " ")],
  terminal: (line) => [splitAt(line, " ")],
};

/** Adds the section's facts; a repeated name gets a number. */
export function addFacts(facts: Facts, section: string, lines: readonly string[]): void {
  const reader = READERS[section];
  if (!reader) {
    facts.set(section, lines.join("\n"));
    return;
  }
  for (const line of lines) {
    for (const [key, value] of reader(line)) {
      let name = `${section} ${key}`;
      for (let i = 2; facts.has(name); i++) name = `${section} ${key} #${i}`;
      facts.set(name, value);
    }
  }
}

/** The sections of the probe's output, by name. */
export function splitSections(output: string): Record<string, string[]> {
  const sections: Record<string, string[]> = {};
  let current: string[] = [];
  for (const line of output.split("\n")) {
    if (line.startsWith("== ")) sections[line.slice(3)] = current = [];
    else if (line !== "") current.push(line);
  }
  return sections;
}

/**
 * proc_pid_mountinfo(5): 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue The parts are
 * separate facts, since the runtimes agree only in some of them.
 */
function readMount(line: string): [string, string][] {
  const [mount, filesystem] = line.split(" - ");
  const [, , , root, mountPoint, options, ...tags] = mount!.split(" ");
  const [type, source, superOptions] = filesystem!.split(" ");
  const peers = tags.map((tag) => tag.replace(/:\d+$/, ""));
  return [
    [`${mountPoint} options`, options!],
    [`${mountPoint} propagation`, peers.join(" ")],
    // The source of these is only a label, which differs between runtimes.
    [`${mountPoint} source`, `${root} ${type === "cgroup" ? "cgroup" : `${type} ${source}`}`],
    [`${mountPoint} filesystem`, superOptions!],
  ];
}

function splitAt(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + separator.length)];
}
