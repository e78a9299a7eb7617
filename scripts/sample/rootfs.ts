/** Root filesystems for tests: busybox, and only what is needed to look around. */

/** Statically linked, from Debian's busybox-static. */
const BUSYBOX = "/bin/busybox";

const APPLETS = `
  [ awk basename cat chgrp chmod chown chroot cp cut date dd df dirname du echo env expr false
  find free grep groups head hostname id ifconfig ionice ip kill killall ln ls md5sum mkdir mkfifo mknod
  mount mv nc nproc nslookup od pgrep ping printf ps pwd readlink realpath rm rmdir sed seq setsid
  sh sha256sum sleep sort stat stty sync tail tee test timeout touch tr true tty umount uname uniq
  usleep wc wget which whoami xargs yes
`.trim().split(/\s+/);

const FOLDERS = ["bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var"];

/** Fills `rootfs`, which must not exist, with busybox, its applets as symbolic links, and users `root` and `test`. */
export async function makeRootfs(rootfs: string): Promise<void> {
  for (const folder of FOLDERS) await Deno.mkdir(`${rootfs}/${folder}`, { recursive: true });
  await Deno.copyFile(BUSYBOX, `${rootfs}/bin/busybox`);
  await Promise.all(APPLETS.map((applet) => Deno.symlink("busybox", `${rootfs}/bin/${applet}`)));
  await Deno.chmod(`${rootfs}/tmp`, 0o1777);
  const users = "root:x:0:0:root:/root:/bin/sh\ntest:x:1000:1000:test:/home:/bin/sh\n";
  await Deno.writeTextFile(`${rootfs}/etc/passwd`, users);
  await Deno.writeTextFile(`${rootfs}/etc/group`, "root:x:0:\ntest:x:1000:\n");
}
