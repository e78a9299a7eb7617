/** What containers require or can use: cgroups, seccomp, ids for user namespaces. */
import { type CgroupLayout, readCgroupLayout } from "../cgroup/layout.ts";
import { findLibseccompVersion } from "../seccomp/features.ts";
import { findProgram } from "../find_program.ts";
import { bad, type Finding, good } from "../finding.ts";
import { listFolder, readText } from "../host_files.ts";
import { colonLines } from "../common/colon_lines.ts";

export interface CgroupHost {
  /** Is systemd the host's init (sd_booted(3))? */
  readonly systemd: boolean;
  /** May this process create cgroups below its own? */
  readonly writable: boolean;
}

export function judgeCgroups({ mode, hierarchies }: CgroupLayout, host: CgroupHost): Finding {
  if (mode === "none") {
    const remedy = "mount -t cgroup2 none /sys/fs/cgroup, or use --cgroup-manager disabled";
    return bad("containers", "cgroups", "no hierarchy is mounted", remedy);
  }
  const layout = mode === "v2" ? "v2" : `${mode}, ${hierarchies.length} hierarchies`;
  const drivers = host.systemd ? "cgroupfs and systemd drivers" : "cgroupfs driver";
  const detail = `${layout}; ${drivers}`;
  if (host.writable) return good("containers", "cgroups", detail);
  const remedy = host.systemd
    ? "have cgroups delegated: a login session with systemd --user, and --systemd-cgroup"
    : "have a part of the hierarchy delegated to you, or run containers without limits";
  return bad("rootless", "cgroups", `${detail}; not writable by you`, remedy);
}

export function judgeSeccomp(version: string | undefined): Finding {
  if (version) return good("containers", "libseccomp", version);
  const remedy = "install libseccomp 2.5 or newer, or run containers without a seccomp profile";
  return bad("containers", "libseccomp", "not found", remedy);
}

export interface SubordinateIds {
  readonly user: string;
  readonly uid: number;
  /** Texts of /etc/subuid and /etc/subgid (subuid(5)). */
  readonly subuid: string;
  readonly subgid: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

export function judgeSubordinateIds(ids: SubordinateIds): Finding {
  const subject = "subordinate ids";
  if (ids.uid === 0) return good("rootless", subject, "not needed by root");
  if (!ids.newuidmap || !ids.newgidmap) {
    const missing = ids.newuidmap ? "newgidmap" : "newuidmap";
    const remedy = "install the package uidmap (shadow-utils elsewhere)";
    return bad("rootless", subject, `${missing} is missing`, remedy);
  }
  const uids = countIds(ids.subuid, ids);
  const gids = countIds(ids.subgid, ids);
  if (uids > 0 && gids > 0) {
    return good("rootless", subject, `${uids} uids and ${gids} gids for ${ids.user}`);
  }
  const remedy = `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${ids.user}`;
  const file = uids > 0 ? "/etc/subgid" : "/etc/subuid";
  return bad("rootless", subject, `${file} has none for ${ids.user}`, remedy);
}

/** Lines are `USER:FIRST:COUNT`, with a name or a uid. */
function countIds(text: string, { user, uid }: SubordinateIds): number {
  return colonLines(text)
    .filter(([owner]) => owner === user || owner === `${uid}`)
    .reduce((sum, [, , count]) => sum + (Number(count) || 0), 0);
}

export function containerFindings(user: string): Finding[] {
  const layout = readCgroupLayout();
  const ids = judgeSubordinateIds({
    user,
    uid: Deno.uid() ?? 0,
    subuid: readText("/etc/subuid") ?? "",
    subgid: readText("/etc/subgid") ?? "",
    newuidmap: findProgram("newuidmap"),
    newgidmap: findProgram("newgidmap"),
  });
  return [
    judgeCgroups(layout, {
      systemd: listFolder("/run/systemd").includes("system"),
      writable: isWritable(layout),
    }),
    judgeSeccomp(findLibseccompVersion()),
    ids,
  ];
}

/** By the owner of the directory in which a container's cgroup would be created; nothing is created to find out. */
function isWritable({ mode, hierarchies }: CgroupLayout): boolean {
  const uid = Deno.uid();
  if (uid === 0 || hierarchies.length === 0) return true;
  return hierarchies.every(({ mountPoint, root, self }) => {
    const own = self.startsWith(root) ? self.slice(root === "/" ? 0 : root.length) : "";
    const parent = mode === "v2" ? own.slice(0, own.lastIndexOf("/")) : own;
    return Deno.statSync(`${mountPoint}${parent}`).uid === uid;
  });
}
