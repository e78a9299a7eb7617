/** How this machine's engines call a runtime. */
import { testCalls } from "./calls.ts";
import { nativeHost } from "./native_host.ts";

testCalls(await nativeHost());
