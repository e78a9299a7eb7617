/** The name of a container's owner, for people to read. */
import { colonLines } from "../common/colon_lines.ts";

/**
 * The user name of a uid, by /etc/passwd; `#1000` where that has none. Users of a network directory are not looked
 * up.
 */
export function ownerName(uid: number): string {
  // Most containers are root's, and state is asked often.
  if (uid === 0) return "root";
  return findUser(Deno.readTextFileSync("/etc/passwd"), uid) ?? `#${uid}`;
}

/** The first name with the uid in the text of a passwd file (passwd(5)). */
export function findUser(passwd: string, uid: number): string | undefined {
  return colonLines(passwd).find((fields) => fields[2] === `${uid}`)?.[0];
}
