/** Closing several things in the reverse order of their opening, as AsyncDisposableStack does where a runtime has one. */

import { InvalidArgument, NeuralTraderError, StateError } from "./errors.ts";

/** What can be closed: by `close`, or by the symbols of `using`. */
export type Closable =
  | { close(): void | Promise<void> }
  | { [Symbol.asyncDispose](): PromiseLike<void> }
  | { [Symbol.dispose](): void };

/** Some things could not be closed; all others were. `failures` are in the order in which they came. */
export class CleanupFailed extends NeuralTraderError {
  readonly failures: readonly unknown[];

  constructor(failures: readonly unknown[]) {
    super(`${failures.length} of the registered resources could not be closed: ${failures.map(String).join("; ")}`);
    this.failures = failures;
  }
}

/** Owns clients, kernels, streams and whatever else has a `close`. */
export class ResourceManager implements AsyncDisposable {
  #resources: Closable[] = [];
  #closed = false;

  /** Take a resource over; gives it back. InvalidArgument for what cannot be closed, StateError after cleanup. */
  register<T extends Closable>(resource: T): T {
    if (closing(resource) === undefined) throw new InvalidArgument("a resource has close(), Symbol.dispose or Symbol.asyncDispose");
    if (this.#closed) throw new StateError("this manager has cleaned up; make a new one");
    this.#resources.push(resource);
    return resource;
  }

  /** Resources that it owns. */
  get size(): number {
    return this.#resources.length;
  }

  /** Close everything, the last first, whatever fails. CleanupFailed lists what did. Twice is harmless. */
  async cleanup(): Promise<void> {
    this.#closed = true;
    const resources = this.#resources.reverse();
    this.#resources = [];
    const failures: unknown[] = [];
    for (const resource of resources) {
      try {
        await closing(resource)?.();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new CleanupFailed(failures);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup();
  }
}

function closing(resource: Closable): (() => void | PromiseLike<void>) | undefined {
  if (typeof resource !== "object" || resource === null) return undefined;
  const found: Partial<Record<"close" | typeof Symbol.dispose | typeof Symbol.asyncDispose, () => void | PromiseLike<void>>> = resource;
  for (const key of ["close", Symbol.asyncDispose, Symbol.dispose] as const) {
    if (typeof found[key] === "function") return () => found[key]?.();
  }
  return undefined;
}
