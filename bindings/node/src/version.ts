/** What runs here. */

import { LAYOUT_HASH, NT_ABI_VERSION } from "./generated/abi.ts";
import type { Library, Rejected } from "./library.ts";
import { openLibrary, packageVersion } from "./library.ts";
import type { AdapterName } from "./runtime/adapter.ts";
import type { RuntimeName } from "./runtime/runtime.ts";

export interface Version {
  /** Of the package; "" in a bundle that has left its package.json behind. */
  readonly package: string;
  readonly abi: number;
  /** Of every record's layout, as 16 hexadecimal digits. */
  readonly layoutHash: string;
  /** Absolute path of the library. */
  readonly library: string;
  readonly runtime: RuntimeName;
  readonly runtimeVersion: string;
  /** The way in which the library is called, and how waiting is done. */
  readonly adapter: AdapterName;
  readonly waiting: string;
  /** Other ways, and why they were not taken. */
  readonly rejected: readonly Rejected[];
}

/** Opens the library where it is not open yet. NativeLibraryError says what was tried. */
export function getVersion(library: Library = openLibrary()): Version {
  return {
    package: packageVersion(),
    abi: NT_ABI_VERSION,
    layoutHash: LAYOUT_HASH.toString(16).padStart(16, "0"),
    library: library.path,
    runtime: library.runtime.name,
    runtimeVersion: library.runtime.version,
    adapter: library.adapter,
    waiting: library.waiting,
    rejected: library.rejected,
  };
}
