/** Which JavaScript runtime this is. Bun and Deno come first: both look like Node. */

export type RuntimeName = "bun" | "deno" | "node";

export interface Runtime {
  readonly name: RuntimeName;
  readonly version: string;
}

interface Globals {
  readonly Bun?: { readonly version: string };
  readonly Deno?: { readonly version: { readonly deno: string } };
}

export function findRuntime(globals: Globals = globalThis as Globals): Runtime {
  if (globals.Bun !== undefined) return { name: "bun", version: globals.Bun.version };
  if (globals.Deno !== undefined) return { name: "deno", version: globals.Deno.version.deno };
  return { name: "node", version: process.versions.node };
}
