/** The name of a container's owner, for output. */
import { colonLines } from "../common/colon_lines.ts";

/** The user name of a uid from /etc/passwd, or `#1000` if it has none. Users of a network directory are not looked up. */
export function ownerName(uid: number): string {
  // Most containers are root's, and `state` is called often.
  if (uid === 0) return "root";
  return findUser(Deno.readTextFileSync("/etc/passwd"), uid) ?? `#${uid}`;
}

/** The first name with the uid in the text of a passwd file (passwd(5)). */
export function findUser(passwd: string, uid: number): string | undefined {
  return colonLines(passwd).find((fields) => fields[2] === `${uid}`)?.[0];
}
