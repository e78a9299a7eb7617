/**
 * The socket in a state folder on which a created container's Init waits for `start`. Its path goes through a descriptor of
 * the folder: a socket's path has at most 108 bytes (unix(7)), and that of a state folder may be longer.
 */
import { closeFd, connectTo, listenAt, openFolder } from "../../ffi/descriptors.ts";
import { START_SOCKET } from "../state/names.ts";

/** Makes the socket and returns its listening descriptor. */
export function listenForStart(stateFolder: string): number {
  return through(stateFolder, listenAt);
}

/** Connects to the waiting Init. */
export function connectForStart(stateFolder: string): number {
  return through(stateFolder, connectTo);
}

export function removeStartSocket(stateFolder: string): void {
  Deno.removeSync(`${stateFolder}/${START_SOCKET}`);
}

function through(stateFolder: string, open: (path: string) => number): number {
  const folder = openFolder(stateFolder);
  try {
    return open(`/proc/self/fd/${folder}/${START_SOCKET}`);
  } finally {
    closeFd(folder);
  }
}
