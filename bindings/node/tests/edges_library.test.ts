/** Which library is found, from where; what is refused; and two of them at once. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import type { AdapterName } from "../dist/index.js";
import { Client, InvalidArgument, NativeLibraryError, openLibrary } from "../dist/index.js";
import { LAYOUT_HASH, NT_ABI_VERSION } from "../dist/generated/abi.js";
import { SIGNATURES } from "../dist/generated/symbols.js";
import { findLibrary, platformName } from "../dist/library.js";
import type { Ended } from "./support.ts";
import { BUILD, library, PACKAGE, PATIENCE_MS, Program, runtime, runtimeCommand, TestKernel } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const ORDER = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
const LIBRARY = "libneural_trader.so";
const ADDON = "neural_trader.node";
const PROGRAM = `
import { Client, openLibrary } from "@neural-trader/core";
try {
  const library = openLibrary();
  const { path, adapter, waiting, rejected } = library;
  let status = "";
  if (process.argv[2]) {
    const client = await Client.attach(process.argv[2]);
    status = (await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 }, { until: "accepted", timeoutMs: Infinity })).status;
    client.close();
  }
  console.log(JSON.stringify({ path, adapter, waiting, rejected, status }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
`;

interface Said {
  readonly path?: string;
  readonly adapter?: AdapterName;
  readonly waiting?: string;
  readonly rejected?: readonly { readonly adapter: string; readonly reason: string }[];
  readonly status?: string;
  readonly name?: string;
  readonly message?: string;
}

const addon = join(dirname(library.path), ADDON);
let place: string;
let kernel: TestKernel;

before(async () => {
  place = realpathSync(mkdtempSync(join(tmpdir(), "ein Verzeichnis – 日本 ")));
  kernel = await TestKernel.start();
});

after(async () => {
  await kernel.close();
  rmSync(place, { recursive: true });
});

/** An installed package of its own, with or without what it brings for this platform, and an application beside it. */
function install(
  name: string,
  native: readonly string[],
  modules: readonly string[] = ["koffi"],
): { readonly app: string; readonly native: string } {
  const root = join(place, name);
  const core = join(root, "node_modules", "@neural-trader", "core");
  cpSync(join(PACKAGE, "dist"), join(core, "dist"), { recursive: true });
  copyFileSync(join(PACKAGE, "package.json"), join(core, "package.json"));
  for (const module of ["smol-toml", ...modules]) symlinkSync(join(PACKAGE, "node_modules", module), join(root, "node_modules", module));
  const directory = join(core, "native", platformName());
  mkdirSync(directory, { recursive: true });
  for (const file of native) copyFileSync(join(dirname(library.path), file), join(directory, file));
  const app = join(root, "my app");
  mkdirSync(app);
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module", dependencies: { "@neural-trader/core": "*" } }));
  writeFileSync(join(app, "program.js"), PROGRAM);
  return { app, native: directory };
}

async function run(
  file: string,
  options: { readonly cwd?: string; readonly given?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Said> {
  const env = { NEURAL_TRADER_LIB: "", ...options.env };
  const [command, given] = runtimeCommand(file, options.given);
  const ended: Ended = await new Program(command, given, { cwd: options.cwd ?? dirname(file), env }).ended;
  assert.equal(ended.code, 0, ended.stderr);
  return JSON.parse(ended.stdout) as Said;
}

test("an installed package brings its library, wherever it is", patient, async () => {
  const { app, native } = install("installed", [LIBRARY, ADDON]);
  for (const cwd of [app, "/", place]) {
    const said = await run(join(app, "program.js"), { cwd, given: [kernel.name] });
    assert.deepEqual([said.path, said.adapter, said.status], [join(native, LIBRARY), library.adapter, "NEW"], said.message);
  }
  const named = await run(join(app, "program.js"), { env: { NEURAL_TRADER_LIB: library.path } });
  assert.equal(named.path, library.path);
});

test("without a library everything that was tried is named", patient, async () => {
  const { app, native } = install("empty", []);
  const said = await run(join(app, "program.js"), { cwd: app });
  assert.equal(said.name, "NativeLibraryError");
  for (const tried of [join(native, LIBRARY), join(place, "node_modules", "@neural-trader"), "NEURAL_TRADER_LIB"]) {
    assert.ok(said.message?.includes(tried), `${tried} in ${said.message}`);
  }
  for (const elsewhere of [join(app, "native"), join(place, "build"), join("/", "build")]) {
    assert.ok(
      !said.message?.includes(` ${elsewhere}`),
      "nobody's library is taken from where the program or a directory above it happens to be",
    );
  }
  const core = dirname(dirname(native));
  assert.ok((said.message?.indexOf(core) ?? -1) < (said.message?.indexOf(join("build", "core")) ?? -1), "the package comes before a build");
});

test("NEURAL_TRADER_LIB that points nowhere, or at what is no library", patient, async () => {
  const { app } = install("nowhere", [LIBRARY, ADDON]);
  const nowhere = await run(join(app, "program.js"), { env: { NEURAL_TRADER_LIB: "/no where/libneural_trader.so" } });
  assert.equal(nowhere.name, "NativeLibraryError"); // and not the one that the package has
  assert.match(nowhere.message ?? "", /no library \/no where\/libneural_trader\.so, which NEURAL_TRADER_LIB names/);
  const wrong: Record<string, string> = { "text.so": "not a library", "empty.so": "", "cut.so": "\x7fELF\x02\x01\x01" };
  for (const [name, content] of Object.entries(wrong)) {
    writeFileSync(join(app, name), content);
    const said = await run(join(app, "program.js"), { env: { NEURAL_TRADER_LIB: join(app, name) } });
    assert.equal(said.name, "NativeLibraryError");
    assert.ok(said.message?.includes(`${library.adapter}: `), said.message);
  }
  const directory = await run(join(app, "program.js"), { env: { NEURAL_TRADER_LIB: app } });
  assert.equal(directory.name, "NativeLibraryError");
  const relative = await run(join(app, "program.js"), { cwd: dirname(library.path), env: { NEURAL_TRADER_LIB: `./${LIBRARY}` } });
  assert.equal(relative.path, library.path);
});

test("without the addon another adapter is taken, and the reason is kept", patient, async () => {
  const { app } = install("no addon", [LIBRARY]);
  const said = await run(join(app, "program.js"), { given: [kernel.name], env: { NEURAL_TRADER_ADAPTER: "" } });
  assert.equal(said.status, "NEW", said.message);
  assert.deepEqual(
    [said.adapter, said.waiting],
    {
      node: ["koffi", "an asynchronous call, or a timer"],
      bun: ["bun:ffi", "a timer"],
      deno: ["Deno.dlopen", "a nonblocking call"],
    }[runtime.name],
  );
  if (runtime.name === "node") {
    assert.match(said.rejected?.find((entry) => entry.adapter === "node-api")?.reason ?? "", /no neural_trader\.node beside/);
  }
  const refused = await run(join(app, "program.js"), { env: { NEURAL_TRADER_ADAPTER: "node-api" } });
  assert.match(refused.message ?? "", /cannot be opened: node-api: there is no neural_trader\.node/);
  const { app: bare } = install("no koffi", [LIBRARY], []);
  const without = await run(join(bare, "program.js"), { env: { NEURAL_TRADER_ADAPTER: "koffi" } });
  assert.match(without.message ?? "", /cannot be opened: koffi: /);
});

for (const format of ["esm", "cjs"] as const) {
  test(`a program bundled as ${format} still finds its library`, patient, async () => {
    const { app, native } = install(`bundled ${format}`, [LIBRARY, ADDON]);
    const bundle = join(app, `bundle.${format === "esm" ? "mjs" : "cjs"}`);
    const source = format === "esm" ? PROGRAM : PROGRAM.replace(/^try \{/m, "(async () => { try {").replace(/^\}\n$/m, "} })();\n");
    writeFileSync(join(app, "entry.js"), source);
    const options = ["--bundle", "--platform=node", `--format=${format}`, "--external:koffi", "--log-level=error", `--outfile=${bundle}`];
    const esbuild = spawnSync(join(PACKAGE, "node_modules", ".bin", "esbuild"), [join(app, "entry.js"), ...options], { encoding: "utf8" });
    assert.equal(esbuild.status, 0, esbuild.stderr);
    for (const cwd of [app, "/"]) {
      const said = await run(bundle, { cwd, given: [kernel.name] });
      assert.deepEqual([said.path, said.adapter, said.status], [join(native, LIBRARY), library.adapter, "NEW"], said.message);
    }
  });
}

// ---- a library of another build ------------------------------------------------------------------------------------------------

/** A library with these functions, whose answers are others. */
function compile(name: string, version: number, layout: bigint, functions: readonly string[]): string {
  const lines = functions
    .filter((function_) => function_ !== "nt_abi_version" && function_ !== "nt_layout_hash")
    .map((function_) => `int ${function_}(void) { return -1; }`);
  const code = [
    `unsigned nt_abi_version(void) { return ${version}u; }`,
    `unsigned long nt_layout_hash(void) { return ${layout}ul; }`,
    ...lines,
  ];
  const [source, made] = [join(place, `${name}.c`), join(place, `${name}.so`)];
  writeFileSync(source, code.join("\n"));
  const gcc = spawnSync("gcc", ["-shared", "-fPIC", "-o", made, source], { encoding: "utf8" });
  assert.equal(gcc.status, 0, gcc.stderr);
  return made;
}

test("a library of another version, another layout, or with functions missing is refused", () => {
  const all = Object.keys(SIGNATURES);
  const adapter = library.adapter;
  const version = compile("version", NT_ABI_VERSION + 98, LAYOUT_HASH, all);
  assert.throws(
    () => openLibrary({ path: version, adapter }),
    (error: unknown) => error instanceof NativeLibraryError && /ABI version 99/.test(error.message),
  );
  for (const hash of [LAYOUT_HASH ^ 1n, LAYOUT_HASH ^ (1n << 63n), 0n, 2n ** 64n - 1n]) {
    const layout = compile(`layout-${hash}`, NT_ABI_VERSION, hash, all);
    const found = hash.toString(16).padStart(16, "0");
    assert.throws(
      () => openLibrary({ path: layout, adapter }),
      (error: unknown) => error instanceof NativeLibraryError && error.message.includes(`layout ${found}`),
    );
  }
  const missing = compile("missing", NT_ABI_VERSION, LAYOUT_HASH, all.filter((name) => name !== "nt_client_wait"));
  assert.throws(
    () => openLibrary({ path: missing, adapter }),
    (error: unknown) => error instanceof NativeLibraryError && /nt_client_wait/.test(error.message),
  );
  assert.equal(openLibrary({ path: library.path, adapter }).symbols.nt_abi_version(), NT_ABI_VERSION); // the right one goes on
});

test("paths and adapters that cannot be", () => {
  for (const path of ["/nowhere", "nowhere", "a\0b", "x".repeat(100_000)]) {
    assert.throws(() => findLibrary(path), NativeLibraryError, JSON.stringify(path.slice(0, 20)));
  }
  for (const adapter of ["ffi", "NODE-API", "__proto__", 5, {}, Symbol("x")] as unknown as AdapterName[]) {
    assert.throws(() => openLibrary({ adapter }), InvalidArgument);
  }
  const other = runtime.name === "deno" ? "bun:ffi" : "Deno.dlopen";
  assert.throws(() => openLibrary({ adapter: other }), new RegExp(`${runtime.name} has no ${other}`));
});

// ---- two at once -----------------------------------------------------------------------------------------------------------------

test("two libraries at once, which do not know each other's handles", patient, async () => {
  const copy = join(place, LIBRARY);
  copyFileSync(library.path, copy);
  if (library.adapter === "node-api" || library.adapter === "bun:ffi") copyFileSync(addon, join(place, ADDON));
  const { adapter } = library;
  const second = openLibrary({ path: copy, adapter });
  assert.notEqual(second, library);
  assert.equal(openLibrary({ path: copy, adapter }), second);
  assert.deepEqual([second.path, second.adapter], [copy, adapter]);
  await using one = await Client.attach(kernel.name, { library });
  await using other = await Client.attach(kernel.name, { library: second });
  const extra = await Client.attach(kernel.name, { library: second }); // a handle that the first library has not given
  const results = await Promise.all(
    [one, other, extra].flatMap((client) => Array.from({ length: 20 }, () => client.execute(ORDER, { timeoutMs: Infinity }))),
  );
  assert.deepEqual(new Set(results.map((result) => result.status)), new Set(["NEW"]));
  assert.deepEqual([one, other, extra].map((client) => client.orders().length), [20, 20, 20]);
  extra.close();
  const seen = [one, other].map(async (client) => {
    for await (const batch of client.batches()) if (batch.ticks.length > 0) return;
  });
  await kernel.trade({ price: 100 });
  await Promise.all(seen);
  other.close();
  assert.throws(() => other.poll(), { name: "BadHandle" });
  assert.equal((await one.execute(ORDER, { timeoutMs: Infinity })).status, "NEW");
  assert.equal(one.orders().length, 21);
});

test("a copy of the package beside it is another program's", patient, async () => {
  const { app } = install("beside", [LIBRARY, ADDON]);
  const core = join(app, "..", "node_modules", "@neural-trader", "core", "dist", "index.js");
  const other = (await import(core)) as typeof import("../dist/index.js");
  await using one = await Client.attach(kernel.name);
  await using two = await other.Client.attach(kernel.name);
  assert.notEqual(one.name, two.name);
  assert.equal((await one.execute(ORDER, { timeoutMs: Infinity })).status, "NEW");
  assert.equal((await two.execute(ORDER, { timeoutMs: Infinity })).status, "NEW");
  assert.ok(BUILD !== app);
});
