// npm run recover -- data/node-8080: a way out of a lost quorum and of damage. `--help` teaches it.
// Build first. The tool itself lives in apps/node/src/data-dir/recovery.
import { runRecoverTool } from "../apps/node/dist/offline.js";

process.exitCode = await runRecoverTool(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
});
