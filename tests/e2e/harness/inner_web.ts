/** What the containers of an engine inside a guest run to test its networks. */

/** The shell script of a server on port 80. */
export const SERVE = "echo hello > /tmp/index.html; exec busybox httpd -f -p 80 -h /tmp";

/** The command that prints its page, without the server's name. */
export function fetch(server: string): string {
  return `wget -T 30 -qO- http://${server}/index.html`;
}

export const PAGE = "hello\n";
