/** The texts of the Debian package. Pure. */
import type { Source } from "./source.ts";

/** Debian sorts `~` before the end of a version, which puts a pre-release before the release. */
export function debVersion(version: string): string {
  return version.replace("-", "~");
}

/** @param size of the installed files, in KiB. */
export function control({ version, maintainer }: Source, size: number): string {
  return `Package: kago
Version: ${debVersion(version)}
Architecture: amd64
Maintainer: ${maintainer}
Installed-Size: ${size}
Depends: libc6 (>= 2.34), libgcc-s1
Recommends: libseccomp2
Suggests: criu, passt, podman
Section: admin
Priority: optional
Description: OCI runtime for containers and microVMs
 kago runs the containers of podman, Docker, containerd and buildah as runc and
 crun do, and, where it is asked to, each as a microVM with a kernel of its own.
 .
 MicroVMs need libkrun 1.x, libkrunfw and /dev/kvm. "kago doctor" tells what a
 host lacks.
`;
}

/** Of a native package: one entry, with the commit's time. */
export function changelog({ version, commit, epoch, maintainer }: Source): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `kago (${debVersion(version)}) unstable; urgency=medium

  * Release ${version}, of commit ${commit.slice(0, 12)}.

 -- ${maintainer}  ${date}
`;
}

/** @param licences those of the other components, as in THIRD-PARTY.txt. */
export function copyright(licences: string): string {
  return `kago is free software under the Apache License, Version 2.0, which Debian systems
have in /usr/share/common-licenses/Apache-2.0.

Copyright: the authors of kago

${licences}`;
}

/** lintian reports as errors what differs from Debian's own builds; each has its reason. */
export const OVERRIDES =
  `# Deno is one executable with all that it is made of, as its project builds it.
kago: embedded-library *
`;
