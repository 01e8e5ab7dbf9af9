/** `GET /metrics`, for Prometheus and everybody who reads its formats. */
import { z } from "zod";

import type { Metrics } from "../metrics/registry.ts";
import { bodyMaxBytes, type Route } from "./api.ts";
import { Problem } from "./problems.ts";

/** With `--metrics=off` it says so. */
export function metricsRoutes(metrics: Metrics): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/metrics",
      summary: "what this node counts, for Prometheus; OpenMetrics by Accept",
      kind: "probe", // while a node starts or stops it is the most wanted
      scope: "metrics",
      operation: {
        id: "getMetrics",
        tag: "node",
        responses: {
          200: {
            description: "all metrics of this node",
            content: { "text/plain": z.string(), "application/openmetrics-text": z.string() },
          },
        },
        problems: ["not-found"],
      },
      bodyMaxBytes,
      handle: async ({ headers }) => {
        if (!metrics.enabled) throw new Problem("not-found", "this node runs with --metrics=off");
        const open = headers.accept?.includes("application/openmetrics-text") ?? false;
        const { contentType, body } = await metrics.scrape(open ? "openmetrics" : "prometheus");
        return { status: 200, headers: { "content-type": contentType }, body };
      },
    },
  ];
}
