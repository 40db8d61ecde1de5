// The command line, as tests start it.

import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** DUALFETCH names the program (default: the debug build). */
export const program = process.env.DUALFETCH ?? `${process.env.CARGO_TARGET_DIR ?? `${root}target`}/debug/dualfetch`;

/** The environment without the machine's own settings of it. */
export const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DUALFETCH_")));
