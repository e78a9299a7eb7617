/** Finds the host's resctrl mount. */

/** The usual place comes first: /proc/self/mountinfo has no guaranteed order. */
const USUAL = "/sys/fs/resctrl";

/** The mount point of resctrl among the lines of a mountinfo file (proc_pid_mountinfo(5)), or undefined. */
export function findResctrl(mountinfo: string): string | undefined {
  const points = mountinfo.split("\n")
    .map((line) => line.split(" "))
    .filter((fields) => fields[fields.indexOf("-") + 1] === "resctrl" && fields.includes("-"))
    .map((fields) => unescape(fields[4]!));
  return points.includes(USUAL) ? USUAL : points[0];
}

/** Spaces and some other characters are escaped in octal. */
function unescape(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)));
}
