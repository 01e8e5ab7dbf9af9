/** Finds the route of a request by its method and path, without trying one pattern after the other. */
import type { Route } from "./api.ts";

export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Branch {
  readonly named: Map<string, Branch>;
  /** Whatever stands there; the name is the route's. */
  any: Branch | null;
  readonly routes: Map<string, { readonly route: Route; readonly names: readonly string[] }>;
}

const noParams: Readonly<Record<string, string>> = {};

export class RouteTable {
  readonly #fixed: ReadonlyMap<string, Found>;
  readonly #root: Branch = branch();

  constructor(routes: readonly Route[]) {
    const fixed = routes.filter(({ path }) => !path.includes(":"));
    this.#fixed = new Map(
      fixed.map((route) => [`${route.method} ${route.path}`, { route, params: noParams }]),
    );
    for (const route of routes.filter(({ path }) => path.includes(":"))) this.#plant(route);
  }

  /**
   * @param path - as it came, without the query
   * @returns `null` for what is not there, or has to be decoded first
   */
  find(method: string, path: string): Found | null {
    const fixed = this.#fixed.get(`${method} ${path}`);
    if (fixed !== undefined) return fixed;
    if (path.includes("%")) return null;
    const values: string[] = [];
    let at = this.#root;
    for (const part of path.split("/").slice(1)) {
      const named = at.named.get(part);
      if (named !== undefined) {
        at = named;
        continue;
      }
      if (at.any === null || part === "") return null;
      values.push(part);
      at = at.any;
    }
    const found = at.routes.get(method);
    if (found?.names.length !== values.length) return null;
    const params: Record<string, string> = {};
    for (const [place, name] of found.names.entries()) params[name] = values[place]!;
    return { route: found.route, params };
  }

  #plant(route: Route): void {
    const names: string[] = [];
    let at = this.#root;
    for (const part of route.path.split("/").slice(1)) {
      if (part.startsWith(":")) {
        names.push(part.slice(1));
        at.any ??= branch();
        at = at.any;
        continue;
      }
      const next = at.named.get(part) ?? branch();
      at.named.set(part, next);
      at = next;
    }
    at.routes.set(route.method, { route, names });
  }
}

function branch(): Branch {
  return { named: new Map(), any: null, routes: new Map() };
}
