/**
 * `exec --user`: the user of a tenant. Numbers are used as they are, names are looked up in the container's own /etc/passwd
 * and /etc/group. Anything else is refused, since half a number must not become another user (CVE-2026-30892). The caller
 * reads the files.
 */
import { UsageError } from "../common/errors.ts";
import { quoted } from "../common/quoted.ts";
import type { User } from "../spec/spec.ts";
import { colonLines } from "../common/colon_lines.ts";

/** The container's text files, read when a name must be looked up; undefined when there is none. */
export interface UserFiles {
  passwd(): string | undefined;
  group(): string | undefined;
}

/** `-1` means "no change" in setresuid(2). */
const MAX_ID = 0xfffffffe;
const NUMBER = /^(?:0|[1-9][0-9]*)$/;
/** useradd(8), "CAVEATS", plus capital letters. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/;

/**
 * The user for `USER` or `USER:GROUP`, each a number or a name. A number keeps the groups of `base`, as in the other
 * runtimes; a name brings its own groups, unless a group is given.
 * @throws {UsageError} for anything else, and for a name that the container does not have.
 */
export function tenantUser(text: string, base: User, files: UserFiles): User {
  const [userText, groupText, ...more] = text.split(":");
  if (more.length > 0 || !userText || groupText === "") throw malformed(text);
  const user = NUMBER.test(userText)
    ? { uid: parseId(userText, text) }
    : namedUser(userText, text, files, groupText === undefined);
  if (groupText === undefined) return { ...base, ...user };
  const gid = NUMBER.test(groupText)
    ? parseId(groupText, text)
    : namedGroup(groupText, text, files);
  return { ...base, ...user, gid };
}

/**
 * A group's number for `--additional-gids`.
 * @throws {UsageError}
 */
export function tenantGid(text: string): number {
  const gid = NUMBER.test(text) ? Number(text) : Infinity;
  if (gid <= MAX_ID) return gid;
  throw new UsageError(`option --additional-gids: ${quoted(text)} is not a group's number`);
}

function parseId(digits: string, text: string): number {
  const id = Number(digits);
  if (id <= MAX_ID) return id;
  throw new UsageError(
    `option --user: ${digits} in ${quoted(text)} is more than ${MAX_ID}`,
  );
}

function namedUser(name: string, text: string, files: UserFiles, withGroups: boolean): User {
  const line = lineOf(name, text, "/etc/passwd", files.passwd());
  const uid = fileId(line[2], "/etc/passwd", name);
  if (!withGroups) return { uid };
  const gid = fileId(line[3], "/etc/passwd", name);
  return {
    uid,
    gid,
    additionalGids: groupsOf(name, files.group() ?? "").filter((id) => id !== gid),
  };
}

function namedGroup(name: string, text: string, files: UserFiles): number {
  return fileId(lineOf(name, text, "/etc/group", files.group())[2], "/etc/group", name);
}

/** group(5): the fourth field lists the members. */
function groupsOf(name: string, group: string): number[] {
  return colonLines(group)
    .filter((fields) => fields[3]?.split(",").includes(name))
    .map((fields) => fileId(fields[2], "/etc/group", fields[0] ?? ""));
}

function lineOf(name: string, text: string, file: string, content: string | undefined): string[] {
  if (!NAME.test(name)) throw malformed(text);
  const found = colonLines(content ?? "").find((fields) => fields[0] === name);
  if (found) return found;
  throw new UsageError(
    `option --user: the container's ${file} has no ${quoted(name)}; give a number`,
  );
}

function fileId(text: string | undefined, file: string, name: string): number {
  if (text !== undefined && NUMBER.test(text) && Number(text) <= MAX_ID) return Number(text);
  throw new UsageError(`the container's ${file} has no valid number for ${quoted(name)}`);
}

function malformed(text: string): UsageError {
  return new UsageError(
    `option --user: ${quoted(text)} is not USER or USER:GROUP, each a number or a name`,
  );
}
